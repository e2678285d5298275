/** The end of a turn of the event loop, shared by all who wait for it. */
import timers from 'node:timers/promises';

/** Cloudflare's workerd ends a request's I/O with the request: a promise that requests share would hang those that outlive its maker. */
const sharesNothing = globalThis.navigator?.userAgent === 'Cloudflare-Workers';
let end: Promise<void> | undefined;

/**
 * Waits until the other requests of this turn of the event loop have been read. Callers of one turn share one promise, and each goes on in
 * its own asynchronous context.
 *
 * Calls `scheduler.yield()` on the object of `node:timers/promises`: fake timers of Vitest, Jest, Sinon and node:test leave it alone.
 *
 * @returns `undefined` where nothing may be shared between requests
 */
export function endOfTurn(): Promise<void> | undefined {
  if (sharesNothing) return undefined;
  end ??= timers.scheduler.yield().then(() => {
    end = undefined;
  });
  return end;
}
