/** Waits for the end of a turn of the event loop. */
import timers from 'node:timers/promises';

/**
 * Whether requests may await the same promise. In Cloudflare's workerd, a request's promises stop with the request. Other requests that
 * await one of them would hang.
 */
export const sharesPromises = globalThis.navigator?.userAgent !== 'Cloudflare-Workers';
let end: Promise<void> | undefined;

/**
 * Waits until the other requests of this turn of the event loop have been read. Callers of one turn share one promise, and each goes on in
 * its own asynchronous context.
 *
 * Calls `scheduler.yield()` on the object of `node:timers/promises`: the fake timers of Vitest, Jest, Sinon and node:test do not replace that method.
 *
 * @returns `undefined` if requests must not share a promise
 */
export function endOfTurn(): Promise<void> | undefined {
  if (!sharesPromises) return undefined;
  end ??= timers.scheduler.yield().then(() => {
    end = undefined;
  });
  return end;
}
