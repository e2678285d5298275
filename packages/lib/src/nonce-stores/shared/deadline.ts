/** Work that is waited for no longer than so many milliseconds. */
import { UnavailableError } from '../../core/contracts.ts';

/** Works that are past their time and still under way, as a client queues what it cannot send; with more, none is begun. */
const MOST_OVERDUE = 1000;

export class Deadline {
  readonly #milliseconds: number;
  #overdue = 0;

  constructor(milliseconds: number) {
    this.#milliseconds = milliseconds;
  }

  /**
   * Waits for work. What it comes to after its time is not looked at any more.
   *
   * @throws UnavailableError when it is late: whether it was done is then unknown
   */
  async keep<T>(work: () => Promise<T>): Promise<T> {
    if (this.#overdue >= MOST_OVERDUE) throw new UnavailableError('Redis does not answer');
    const result = work();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        this.#overdue += 1;
        const done = () => {
          this.#overdue -= 1;
        };
        result.then(done, done);
        reject(new UnavailableError(`Redis did not answer within ${this.#milliseconds} ms`));
      }, this.#milliseconds);
    });
    return Promise.race([result, late]).finally(() => clearTimeout(timer));
  }
}
