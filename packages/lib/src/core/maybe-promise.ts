/** Handles values that may be promises. Any value with a `then` method counts as a promise. */

/** A value, or any thenable of it. Return the value itself if you can: that saves a turn of the event loop. */
export type MaybePromise<T> = T | PromiseLike<T>;

/**
 * Returns whether a value must be awaited.
 *
 * @throws anything that a `then` getter throws
 */
export function isPromise<T>(value: MaybePromise<T>): value is PromiseLike<T> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === 'function';
}

/**
 * Calls a function with a value, immediately or when the promise of the value is fulfilled.
 *
 * @returns what the function returns, or a native promise of it, which settles once even if a thenable throws or calls back twice
 */
export function andThen<T, Result>(
  value: MaybePromise<T>,
  next: (value: T) => Result | Promise<Result>,
): Result | Promise<Result> {
  return isPromise(value) ? Promise.resolve(value).then(next) : next(value);
}

/** Ignores the rejection of a promise. An unhandled one would end the process. */
export function ignoreRejection(work: unknown): void {
  if (isPromise(work)) Promise.resolve(work).catch(() => {});
}

/** Calls a hook, and ignores what it throws or rejects with. */
export function callHook<Args extends readonly unknown[]>(
  hook: ((...args: Args) => unknown) | undefined,
  ...args: Args
): void {
  try {
    ignoreRejection(hook?.(...args));
  } catch {
    // A hook that fails must not change what happens to the request.
  }
}
