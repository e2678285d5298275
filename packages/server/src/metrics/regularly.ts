/** Reads a value regularly, for metrics that cost a query. */

/** A value that is read in the background. */
export interface RegularValue {
  /** Returns the last value that was read, or 0 if none was. */
  last(): number;
  stop(): void;
}

/**
 * Reads a value at once, and again after each interval. If a reading fails, the last value is kept. Two readings never overlap.
 *
 * @param interval - milliseconds between the end of a reading and the next one
 */
export function readRegularly(read: () => Promise<number>, interval: number): RegularValue {
  let last = 0;
  let isOver = false;
  let timer: NodeJS.Timeout | undefined;

  async function readAgain(): Promise<void> {
    try {
      const value = await read();
      if (Number.isFinite(value)) last = value;
    } catch {
      // Another metric reports whether the store works.
    }
    if (!isOver) timer = setTimeout(readAgain, interval).unref();
  }
  void readAgain();
  return {
    last: () => last,
    stop() {
      isOver = true;
      clearTimeout(timer);
    },
  };
}

/** Makes a function that returns a store's clock minus this machine's clock at the middle of the query, in seconds. */
export function clockSkew(readClock: () => Promise<number>): () => Promise<number> {
  return async () => {
    const start = Date.now();
    const there = await readClock();
    return there - (start + Date.now()) / 2000;
  };
}
