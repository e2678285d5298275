/** For ky: its `fetch` signs, so that each of its attempts does. */
import { createSignedFetch, type SignedFetchOptions } from './fetch.ts';

/** Options of ky. */
export interface SignedKy {
  readonly fetch: typeof fetch;
}

/**
 * Makes options for ky: `ky.create(signedKy({ username, key }))`. Redirects, retries and clocks are as with `createSignedFetch`.
 *
 * @param options - those of `createSignedFetch`
 * @returns the option `fetch` alone
 * @throws TypeError for an option that is unknown or out of its range
 */
export function signedKy(options: SignedFetchOptions): SignedKy {
  return { fetch: createSignedFetch(options) };
}
