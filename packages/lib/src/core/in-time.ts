/** Limits how long a request waits for a promise, because the promise of a store may never settle. */
import { UnavailableError } from './contracts.ts';

/** How long to wait for a store, in milliseconds. A promise that never settles must not hold a request forever. */
export const STORE_PATIENCE = 30_000;

/**
 * Waits for a promise, up to a time limit. Rejects if a thenable throws. Ignores the promise after the limit.
 *
 * @param milliseconds - the limit; its timer does not keep the process alive
 * @param what - names the party that must respond, for the message: `the key store`
 * @param limit - the end of the message; by default it says the limit: `within 30 s`
 * @throws UnavailableError after the limit; otherwise the error of `work`
 */
export function inTime<T>(
  work: PromiseLike<T>,
  milliseconds: number,
  what: string,
  limit = `within ${milliseconds / 1000} s`,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(lateError(what, limit)), milliseconds);
    (timer as { unref?: () => void }).unref?.();
    Promise.resolve(work)
      .finally(() => clearTimeout(timer))
      .then(resolve, reject);
  });
}

/** Makes the error for a party that did not respond: `the key store`, `within 30 s`. */
export function lateError(what: string, limit: string): UnavailableError {
  return new UnavailableError(`${what} did not respond ${limit}`);
}
