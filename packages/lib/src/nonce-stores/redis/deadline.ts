/** Limits how long Redis is waited for. */
import { UnavailableError } from '../../core/contracts.ts';
import { inTime } from '../../core/in-time.ts';

/** Commands past their deadline that a client may still queue. With more, no command is sent. */
const MAX_OVERDUE = 1000;

export class Deadline {
  readonly #milliseconds: number;
  #overdue = 0;

  constructor(milliseconds: number) {
    this.#milliseconds = milliseconds;
  }

  /**
   * Waits for work until the deadline. The result of overdue work is ignored.
   *
   * @throws UnavailableError after the deadline: whether the work was done is unknown
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
