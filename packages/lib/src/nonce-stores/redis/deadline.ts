/** Limits how long the store waits for Redis. */
import { UnavailableError } from '../../core/contracts.ts';
import { inTime } from '../../core/in-time.ts';

/** Maximum number of overdue commands that may still wait in a client. At this limit, no further command is sent. */
const MAX_OVERDUE = 1000;

export class Deadline {
  readonly #milliseconds: number;
  #overdue = 0;

  constructor(milliseconds: number) {
    this.#milliseconds = milliseconds;
  }

  /**
   * Does work, and waits for it until the deadline. A later result is ignored.
   *
   * @throws UnavailableError after the deadline; the work may or may not have been done
   */
  async keep<T>(work: () => Promise<T>): Promise<T> {
    if (this.#overdue >= MAX_OVERDUE) throw new UnavailableError('Redis does not respond');
    const result = work();
    let isSettled = false;
    let isLate = false;
    const done = () => {
      isSettled = true;
      if (isLate) this.#overdue -= 1;
    };
    result.then(done, done);
    try {
      return await inTime(result, this.#milliseconds, 'Redis');
    } finally {
      if (!isSettled) {
        isLate = true;
        this.#overdue += 1;
      }
    }
  }
}
