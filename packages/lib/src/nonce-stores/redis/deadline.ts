/** Limits how long the store waits for Redis. */
import { UnavailableError } from '../../core/contracts.ts';
import { inTime } from '../../core/in-time.ts';

/** Maximum number of overdue claims that may still wait in a client. At this limit, no further claim is sent. */
const MAX_OVERDUE = 1000;

/** Waits for Redis, and counts the claims whose results are overdue. */
export class Deadline {
  readonly #limit: string;
  #overdue = 0;

  /** @param limitMs - the whole time limit of a caller; messages name it, even if part of it has passed before the work begins */
  constructor(limitMs: number) {
    this.#limit = `within ${limitMs / 1000} s`;
  }

  /**
   * Does work, and waits for it until the deadline. A later result is ignored.
   *
   * @param milliseconds - time until the deadline
   * @param claims - the number of claims that the work decides
   * @throws UnavailableError after the deadline; the work may or may not have been done
   */
  async keep<T>(work: () => Promise<T>, milliseconds: number, claims = 1): Promise<T> {
    if (this.#overdue >= MAX_OVERDUE) throw new UnavailableError('Redis does not respond');
    const result = work();
    let isSettled = false;
    let isLate = false;
    const done = () => {
      isSettled = true;
      if (isLate) this.#overdue -= claims;
    };
    result.then(done, done);
    try {
      return await inTime(result, Math.max(0, Math.ceil(milliseconds)), 'Redis', this.#limit);
    } finally {
      if (!isSettled) {
        isLate = true;
        this.#overdue += claims;
      }
    }
  }
}
