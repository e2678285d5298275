/** Handles values that may be promises. Any value with a `then` method counts as a promise. */

/** A value, or a thenable that resolves to it. Return the value itself if you can, which is faster. */
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
 * Calls a function with a value: immediately, or, if the value is a promise, when the promise is fulfilled.
 *
 * @returns the function's result, or a native promise of it, which settles once even if a thenable throws or calls back twice
 */
export function andThen<T, Result>(
  value: MaybePromise<T>,
  next: (value: T) => Result | Promise<Result>,
): Result | Promise<Result> {
  return isPromise(value) ? Promise.resolve(value).then(next) : next(value);
}

/** Ignores the rejection of a promise. An unhandled rejection would end the process. */
export function ignoreRejection(work: unknown): void {
  if (isPromise(work)) Promise.resolve(work).catch(() => {});
}

/** Calls a hook, and ignores its errors and rejections. */
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
