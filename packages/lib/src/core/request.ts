import type { BindMember } from './bind.ts';
import type { MaybePromise } from './contracts.ts';
import type { MalformedCode } from './reasons.ts';

/** The parts of an HTTP request that an adapter, or your own code, passes to `authenticate()`. */
export interface AuthenticationRequest {
  /** Every value of the `Authorization` header, as received; an array if there may be several. */
  readonly authorization: string | readonly string[] | null | undefined;
  /** The method as sent, before any override. */
  readonly method?: string | undefined;
  /** The request-target as sent: `/path?query`, byte for byte. */
  readonly target?: string | undefined;
  /** The caller's address, for keys restricted to some addresses: the peer of the connection, or as a trusted proxy reports it. */
  readonly address?: string | undefined;
  /** Members of `bind` that this route requires, in addition to the authenticator's own `require`. */
  readonly require?: readonly BindMember[] | undefined;
  /**
   * Returns the unpadded base64url SHA-256 of the body as received. Called once, after the nonce was claimed, and only if the token has
   * `bind.digest`. Without this function, such a token is refused.
   */
  readonly bodyDigest?: (() => MaybePromise<string>) | undefined;
  /**
   * What your own code found malformed in the request, apart from the credential. The request is refused at step 2, and its token is not
   * used up.
   */
  readonly malformed?: MalformedCode | undefined;
  /** Any value for the hook `onResult`, passed on unchanged. */
  readonly context?: unknown;
}
