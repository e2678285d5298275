/** Compares ways of doing the same work. Each alternates with the same measure, and the ratio is taken in each turn. */

/** One way of doing the work. */
export interface Contender {
  readonly name: string;
  /** Makes new items `from` to `to` before each turn, untimed, such as strings that are new as if from an HTTP parser. */
  ready?(from: number, to: number): void;
  /** Does the work on items `from` to `to` and returns how many succeeded. */
  run(from: number, to: number): number | Promise<number>;
}

/** Results of one contender. */
export interface Row {
  readonly name: string;
  /** Median time for one item, in microseconds. */
  readonly micros: number;
  /** Its time divided by the time of the measure in the same turn; median of all turns. */
  readonly ratio: number;
}

/** The amount of work. */
export interface Amount {
  /** Number of items. In a round, each contender works on each item once. */
  readonly items: number;
  /** Number of measured rounds, after the warm-up rounds. */
  readonly rounds: number;
  /** Warm-up rounds. */
  readonly warmUp?: number;
  /** Called before each round. */
  readonly prepare?: () => void | Promise<void>;
}

/** Default number of warm-up rounds. */
const WARM_UP = 3;

/** Number of items in a turn: enough for precise times, and few enough that both run at the same speed of the machine. */
const TURN = 200;

/**
 * Compares contenders with a measure. Each contender alternates only with the measure, so that other contenders do not affect caches or memory.
 *
 * @throws Error if a contender does not succeed with every item
 */
export async function compare(measure: Contender, others: readonly Contender[], amount: Amount): Promise<Row[]> {
  const rows: Row[] = [];
  const measured: number[] = [];
  for (const other of others) {
    const [base, own] = await takeTurns(measure, other, amount);
    measured.push(...base);
    rows.push({
      name: other.name,
      micros: median(own),
      ratio: median(own.map((time, turn) => time / (base[turn] as number))),
    });
  }
  return [{ name: measure.name, micros: median(measured), ratio: 1 }, ...rows];
}

async function takeTurns(one: Contender, other: Contender, amount: Amount): Promise<[number[], number[]]> {
  const { items, rounds, prepare, warmUp = WARM_UP } = amount;
  const times: [number[], number[]] = [[], []];
  for (let round = 0; round < warmUp + rounds; round++) {
    await prepare?.();
    for (let from = 0; from < items; from += TURN) {
      // The order alternates, so that neither always runs with the caches that the other has filled.
      const first = (from / TURN) % 2;
      for (const index of [first, 1 - first]) {
        const time = await timed(index === 0 ? one : other, from, Math.min(from + TURN, items));
        if (round >= warmUp) times[index as 0 | 1].push(time);
      }
    }
  }
  return times;
}

async function timed({ name, ready, run }: Contender, from: number, to: number): Promise<number> {
  ready?.(from, to);
  const start = process.hrtime.bigint();
  const succeeded = await run(from, to);
  const time = Number(process.hrtime.bigint() - start) / 1000 / (to - from);
  if (succeeded !== to - from) throw new Error(`${name}: ${succeeded} of ${to - from} succeeded`);
  return time;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[sorted.length >> 1] as number;
}
