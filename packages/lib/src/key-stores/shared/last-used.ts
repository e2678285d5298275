/** When rows were last used, written in batches: at most once a minute each, and never in a request's way. */

/** Seconds between two writes. */
const EVERY = 60;
/** Rows that wait to be written; beyond them, when one was used is not noted. */
const MOST_WAITING = 100_000;
/** Rows that one statement writes. */
const ROWS = 500;

/** A row, and what no other row of its table has. */
export interface UsedRow {
  readonly place: string;
  readonly id: unknown;
}

/** A notebook of uses. */
export interface LastUsed {
  /** @param at - seconds since the epoch; later than noted before, or it changes nothing */
  note(row: UsedRow, at: number): void;
  /** Writes what was noted. What could not be written is tried again a minute later. Never rejects. */
  flush(): Promise<void>;
  /** Writes what was noted, and takes no more. Never rejects. */
  close(): Promise<void>;
}

/**
 * Makes a notebook of uses.
 *
 * @param write - writes one moment, in whole seconds since the epoch, to the rows with some ids; it may reject
 * @param failed - told what it rejected with; says whether to try again later. It does not reject
 */
export function lastUsed(
  write: (ids: readonly unknown[], at: number) => Promise<unknown>,
  failed: (error: unknown) => Promise<'later' | 'never'>,
): LastUsed {
  const waiting = new Map<string, { readonly row: UsedRow; readonly second: number }>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let writing: Promise<void> = Promise.resolve();
  let closed = false;

  function note(row: UsedRow, at: number): void {
    const second = Math.floor(at);
    const noted = waiting.get(row.place);
    if (closed || (noted === undefined ? waiting.size >= MOST_WAITING : noted.second >= second)) return;
    waiting.set(row.place, { row, second });
    timer ??= later(() => void flush());
  }

  async function writeAll(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    const bySecond = Map.groupBy([...waiting.values()], ({ second }) => second);
    waiting.clear();
    for (const [second, entries] of bySecond) {
      for (let from = 0; from < entries.length; from += ROWS) {
        const rows = entries.slice(from, from + ROWS).map(({ row }) => row);
        try {
          await write(
            rows.map(({ id }) => id),
            second,
          );
        } catch (error) {
          if ((await failed(error)) === 'never') {
            closed = true;
            waiting.clear();
            return;
          }
          for (const row of rows) note(row, second);
        }
      }
    }
  }

  function flush(): Promise<void> {
    // One after the other, so that close() waits for what is under way.
    writing = writing.then(writeAll);
    return writing;
  }

  return {
    note,
    flush,
    close() {
      closed = true;
      return flush();
    },
  };
}

/** A timer that keeps no process alive. */
function later(work: () => void): ReturnType<typeof setTimeout> {
  const timer = setTimeout(work, EVERY * 1000);
  (timer as { unref?: () => void }).unref?.();
  return timer;
}
