/** Records when rows were last used. Writes are batched, so that no request waits for a write. */

/** Maximum number of rows that wait to be written. Further uses are dropped. */
const MOST_WAITING = 100_000;
/** Maximum number of rows in one write. */
const ROWS_AT_ONCE = 500;

/** A row that was used. */
export interface UsedRow {
  /** Identifies the row. */
  readonly place: string;
  /** The kind of the row. Rows of different kinds are written separately. */
  readonly kind?: string;
}

/** Collects uses until they are written. */
export interface LastUsed<Row extends UsedRow> {
  /**
   * Adds a use.
   *
   * @param at - seconds since the epoch; ignored if a later use of the row is already waiting
   */
  note(row: Row, at: number): void;
  /** Writes the waiting rows. A failed write is repeated later. Never rejects. */
  flush(): Promise<void>;
  /** Writes the waiting rows, and stops the timer. Later uses are written only by another call of `close`. Never rejects. */
  close(): Promise<void>;
}

/** Settings for writing uses. */
export interface LastUsedSettings<Row> {
  /** Number of milliseconds from the first use to the write. */
  readonly delayMs: number;
  /** Minimum number of milliseconds between two writes of the same row; default 0. */
  readonly everyMs?: number;
  /**
   * Writes the same time to several rows.
   *
   * @param second - whole seconds since the epoch
   */
  write(rows: readonly [Row, ...Row[]], second: number): Promise<unknown>;
  /** Called with the error of a failed `write`. Must not throw. Returns whether to try again later. */
  failed(error: unknown): Promise<'later' | 'never'> | 'later';
  /** Returns the milliseconds of a clock that never goes back; the default is the process's monotonic clock. */
  readonly monotonic?: () => number;
}

interface Noted<Row> {
  readonly row: Row;
  readonly second: number;
}

/** Creates a collection of uses. */
export function lastUsed<Row extends UsedRow>(settings: LastUsedSettings<Row>): LastUsed<Row> {
  const { delayMs, everyMs = 0, monotonic = () => performance.now() } = settings;
  const waiting = new Map<string, Noted<Row>>();
  /** When each row was last written. A row written less than `everyMs` ago waits. */
  const written = new Map<string, number>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let writing: Promise<void> = Promise.resolve();
  let closed = false;
  let gaveUp = false;

  function note(row: Row, at: number): void {
    const second = Math.floor(at);
    const noted = waiting.get(row.place);
    if (gaveUp || (noted === undefined ? waiting.size >= MOST_WAITING : noted.second >= second)) return;
    waiting.set(row.place, { row, second });
    startTimer();
  }

  function startTimer(): void {
    if (closed || timer !== undefined) return;
    timer = setTimeout(() => void enqueue(false), delayMs);
    // The timer must not keep the process running.
    (timer as { unref?: () => void }).unref?.();
  }

  /** Removes and returns the waiting rows that are due. */
  function takeDue(all: boolean): readonly Noted<Row>[] {
    const now = monotonic();
    for (const [place, at] of written) if (now - at >= everyMs) written.delete(place);
    const due = [...waiting].filter(([place]) => all || !written.has(place));
    for (const [place] of due) {
      waiting.delete(place);
      written.set(place, now);
    }
    return due.map(([, noted]) => noted);
  }

  async function writeDue(all: boolean): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    const groups = Map.groupBy(takeDue(all), ({ row, second }) => `${row.kind ?? ''} ${second}`);
    for (const group of groups.values()) {
      for (let from = 0; from < group.length; from += ROWS_AT_ONCE) await write(group.slice(from, from + ROWS_AT_ONCE));
    }
    if (waiting.size > 0) startTimer();
  }

  async function write(group: readonly Noted<Row>[]): Promise<void> {
    if (gaveUp) return;
    const { second } = group[0] as Noted<Row>;
    const rows = group.map(({ row }) => row) as [Row, ...Row[]];
    try {
      await settings.write(rows, second);
    } catch (error) {
      if ((await settings.failed(error)) === 'never') {
        gaveUp = true;
        waiting.clear();
      }
      for (const row of rows) note(row, second);
    }
  }

  /** Starts a write after the current one, so that `close` waits for both. */
  function enqueue(all: boolean): Promise<void> {
    writing = writing.then(() => writeDue(all));
    return writing;
  }

  return {
    note,
    flush: () => enqueue(true),
    close() {
      closed = true;
      return enqueue(true);
    },
  };
}
