/** Tracks whether a nonce store is open, and the work in flight. */
import { type Readiness, UnavailableError } from '../../core/contracts.ts';

/** The readiness of a closed store. */
export const CLOSED = { ready: false, reason: 'the nonce store is closed' } as const satisfies Readiness;

/** Refuses work once the store is closed, and waits for the work in flight. */
export class Lifetime {
  readonly #end = new AbortController();
  readonly #inFlight = new Set<Promise<unknown>>();

  /** Aborted when the store is closed. */
  get signal(): AbortSignal {
    return this.#end.signal;
  }

  get isOver(): boolean {
    return this.#end.signal.aborted;
  }

  /**
   * Does work that `end` waits for.
   *
   * @throws UnavailableError if the store is closed; otherwise any error of the work
   */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.isOver) throw new UnavailableError(CLOSED.reason);
    const running = work();
    this.#inFlight.add(running);
    try {
      return await running;
    } finally {
      this.#inFlight.delete(running);
    }
  }

  /** Closes the store. @returns a promise that resolves when no work is in flight; it never rejects */
  async end(): Promise<void> {
    this.#end.abort();
    await Promise.allSettled(this.#inFlight);
  }
}
