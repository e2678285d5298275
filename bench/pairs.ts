/** Compares ways of doing the same work in one run: each alternates with the same measure, and ratios are taken within a turn. */

/** One way of doing the work. */
export interface Contender {
  readonly name: string;
  /** Called before each turn, untimed: makes new items `from` to `to`, like strings that an HTTP parser has just made. */
  ready?(from: number, to: number): void;
  /** Does the work on items `from` to `to` and returns how many succeeded. */
  run(from: number, to: number): number | Promise<number>;
}

/** Results of one contender. */
export interface Row {
  readonly name: string;
  /** Median time for one item, in microseconds. */
  readonly micros: number;
  /** Median over all turns of its time divided by that of the measure in the same turn. */
  readonly ratio: number;
}

/** Amount of work. */
export interface Amount {
  /** Number of items; in a round, each contender works on each item once. */
  readonly items: number;
  /** Measured rounds, after the warm-up rounds. */
  readonly rounds: number;
  /** Warm-up rounds. */
  readonly warmUp?: number;
  /** Called before each round. */
  readonly prepare?: () => void | Promise<void>;
}

/** Default number of warm-up rounds. */
const WARM_UP = 3;

/** Items in a turn: enough to be timed precisely, few enough that the machine's speed is the same for both. */
const TURN = 200;

/**
 * Compares contenders with a measure. Each contender runs with the measure alone, so that no third one affects caches or memory.
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
      // The order alternates, so that neither always runs with the caches of the other.
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
