/** Why a request cannot be signed and sent: one class, with a code for each cause. */

/**
 * - `cross_origin_redirect`: the server sends the caller to another origin, where a signed request does not go
 * - `body_not_repeatable`: a redirect wants the body again, but it was a stream
 * - `too_many_redirects`: more than 20
 * - `bad_redirect`: its location cannot be followed
 * - `clock_behind`: the server's clock is ahead of this one, and the token is not bound to its audience
 * - `clock_too_far`: the server's clock is further away than is ever corrected
 */
export type SignedFetchErrorCode =
  | 'cross_origin_redirect'
  | 'body_not_repeatable'
  | 'too_many_redirects'
  | 'bad_redirect'
  | 'clock_behind'
  | 'clock_too_far';

/** A redirect that cannot be followed with a signature, or a clock that is not corrected. */
export class SignedFetchError extends Error {
  override readonly name = 'SignedFetchError';
  readonly code: SignedFetchErrorCode;
  /** Seconds by which the server's clock is ahead of this one, for `clock_behind` and `clock_too_far`. */
  readonly offset: number | undefined;

  constructor(code: SignedFetchErrorCode, message: string, offset?: number) {
    super(message);
    this.code = code;
    this.offset = offset;
  }
}
