/** Defines the error of requests that cannot be signed and sent. */
import { CodedError } from '../core/coded-error.ts';

/**
 * The causes:
 *
 * - `cross_origin_redirect`: the server redirects to another origin; signed requests stay on their origin
 * - `body_not_repeatable`: the redirect needs the body again, but the body was a stream
 * - `body_not_signable`: the token is bound to the body, but the body is a stream
 * - `too_many_redirects`: the server redirects more than 20 times
 * - `bad_redirect`: `Location` is not a valid URL
 * - `hidden_redirect`: the server redirects, and the browser hides where to
 * - `clock_behind`: the server's clock is ahead of this one, and the token is not bound to its audience
 * - `clock_too_far`: the clocks differ by more than `maxOffsetSeconds`
 */
export type SignedFetchErrorCode =
  | 'cross_origin_redirect'
  | 'body_not_repeatable'
  | 'body_not_signable'
  | 'too_many_redirects'
  | 'bad_redirect'
  | 'hidden_redirect'
  | 'clock_behind'
  | 'clock_too_far';

/**
 * Reports a redirect that a signed request does not follow, or a wrong clock that is not corrected.
 *
 * @example
 * ```ts
 * import { createServer } from 'node:http';
 * import type { AddressInfo } from 'node:net';
 * import { createSignedFetch, PrivateKey, SignedFetchError } from 'asymmetric-jwt-auth/client';
 *
 * const server = createServer((_, response) => response.writeHead(302, { location: 'https://elsewhere.example/' }).end());
 * await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
 * const { port } = server.address() as AddressInfo;
 *
 * const api = createSignedFetch({ username: 'guido', key: await PrivateKey.generate() });
 * try {
 *   await api(`http://127.0.0.1:${port}/me`);
 * } catch (error) {
 *   if (error instanceof SignedFetchError) console.log(error.code); // cross_origin_redirect
 * }
 * server.close();
 * ```
 */
export class SignedFetchError extends CodedError<SignedFetchErrorCode> {
  override readonly name = 'SignedFetchError';
  /** Seconds by which the server's clock is ahead of this one; set for `clock_behind` and `clock_too_far`. */
  readonly offset: number | undefined;

  constructor(code: SignedFetchErrorCode, message: string, offset?: number) {
    super(code, message);
    this.offset = offset;
  }
}
