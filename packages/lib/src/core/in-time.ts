/** Waits for a promise of a store or another part that may never settle, for a limited time. */
import { UnavailableError } from './contracts.ts';

/**
 * Waits for work. A thenable that throws rejects. Once it has settled, or its time has passed, nothing it does has an effect.
 *
 * @param milliseconds - for which to wait; the timer keeps no process alive
 * @param what - names the work in the message: `the key store`
 * @throws UnavailableError when the time has passed, and what the work rejects with
 */
export function inTime<T>(work: PromiseLike<T>, milliseconds: number, what: string): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new UnavailableError(`${what} did not answer within ${milliseconds / 1000} s`)),
      milliseconds,
    );
    (timer as { unref?: () => void }).unref?.();
    const ending =
      <Value>(settle: (value: Value) => void) =>
      (value: Value) => {
        clearTimeout(timer);
        settle(value);
      };
    Promise.resolve(work).then(ending(resolve), ending(reject));
  });
}
