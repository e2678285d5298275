/**
 * Signs requests made with ky: `ky.create(signedKy({ username, key }))`. Ky then sends each attempt with a `fetch` that signs.
 */
import { createSignedFetch, type SignedFetchOptions } from './fetch.ts';

/** Options for ky. */
export interface SignedKy {
  readonly fetch: typeof fetch;
}

/**
 * Makes options for `ky.create`. Redirects, retries and clocks work as in `createSignedFetch`.
 *
 * @param options - options of `createSignedFetch`
 * @returns an object with the option `fetch`
 * @throws TypeError for an unknown or invalid option
 * @example
 * ```ts
 * import { createServer } from 'node:http';
 * import type { AddressInfo } from 'node:net';
 * import { PrivateKey } from 'asymmetric-jwt-auth/client';
 * import { signedKy } from 'asymmetric-jwt-auth/ky';
 * import ky from 'ky';
 *
 * const server = createServer((request, response) => response.end(request.headers.authorization));
 * await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
 *
 * const api = ky.create(signedKy({ username: 'guido', key: await PrivateKey.generate() }));
 * const text = await api(`http://127.0.0.1:${(server.address() as AddressInfo).port}/me`).text();
 * console.log(text); // JWT eyJ…
 * server.close();
 * ```
 */
export function signedKy(options: SignedFetchOptions): SignedKy {
  return { fetch: createSignedFetch(options) };
}
