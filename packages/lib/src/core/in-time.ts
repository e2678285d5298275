/** Limits how long a promise is waited for: a promise of a store may never settle. */
import { UnavailableError } from './contracts.ts';

/**
 * Waits for work, up to a time limit. A thenable that throws rejects. What the work does after the limit is ignored.
 *
 * @param milliseconds - the limit; its timer keeps no process alive
 * @param what - names the work in the message: `the key store`
 * @param limit - ends the message; default `within 30 s`
 * @throws UnavailableError after the limit; what the work rejects with
 */
export function inTime<T>(
  work: PromiseLike<T>,
  milliseconds: number,
  what: string,
  limit = `within ${milliseconds / 1000} s`,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new UnavailableError(`${what} did not respond ${limit}`)), milliseconds);
    (timer as { unref?: () => void }).unref?.();
    Promise.resolve(work)
      .finally(() => clearTimeout(timer))
      .then(resolve, reject);
  });
}
