/** Runs shared work outside the asynchronous context of the request that happens to start it. */
import { AsyncLocalStorage } from 'node:async_hooks';

/**
 * Calls a function in the asynchronous context in which this module was loaded. Work for several requests then belongs to none of them: it
 * is in no request's trace, and sees no request's transaction.
 */
export const outsideContext: <Result>(work: () => Result) => Result = /* @__PURE__ */ AsyncLocalStorage.snapshot();
