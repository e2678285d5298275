/** The one place that knows what a promise is: any value with a `then` method, whoever made it. */

/** A value, or a promise of it. Any thenable is one. Code that can answer at once should: that costs no turn of the event loop. */
export type MaybePromise<T> = T | PromiseLike<T>;

/**
 * Tells whether a value must be awaited.
 *
 * @throws anything that a `then` getter throws
 */
export function isPromise<T>(value: MaybePromise<T>): value is PromiseLike<T> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === 'function';
}

/**
 * Calls a function with a value: at once where the value is there, later where it is a promise.
 *
 * @returns what the function returns, or a native promise of it: a thenable that throws, or calls back twice, settles that promise once
 */
export function andThen<T, Result>(
  value: MaybePromise<T>,
  next: (value: T) => Result | Promise<Result>,
): Result | Promise<Result> {
  return isPromise(value) ? Promise.resolve(value).then(next) : next(value);
}

/** Lets work end by itself. A rejection that nobody handles would end the process. */
export function ignoreRejection(work: unknown): void {
  if (isPromise(work)) Promise.resolve(work).catch(() => {});
}

/** Calls a hook that decides nothing: what it throws, and what its promise rejects with, is dropped. */
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
