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
  /**
   * The caller's address, for keys that are restricted to some addresses. Pass the address of the connection's peer, or the address that a
   * trusted proxy reports.
   */
  readonly address?: string | undefined;
  /** Members of `bind` that this route requires, in addition to the authenticator's own `require`. */
  readonly require?: readonly BindMember[] | undefined;
  /**
   * Returns the SHA-256 of the body, as received, in unpadded base64url. It is called once, after the nonce was claimed, and only if the
   * token has `bind.digest`. Throw a `BodyError` to refuse the request. Without this function and without `checkBodyLater`, a token that has
   * `bind.digest` is refused.
   */
  readonly bodyDigest?: (() => MaybePromise<string>) | undefined;
  /**
   * Takes the place of `bodyDigest` where the body is checked while the handler reads it. It is called once, after the nonce was claimed,
   * and only if the token has `bind.digest`. It gets this digest and returns at once; the request is then accepted. The returned promise
   * becomes `bodyVerified` of the identity: it must reject with a `BodyError` if the body is not the one that was signed. If that is known
   * already, throw the error.
   */
  readonly checkBodyLater?: ((digest: string) => Promise<void>) | undefined;
  /**
   * Set this if your own code finds something malformed in the request, other than its credential. Step 2 then refuses the request and does
   * not use up its token.
   */
  readonly malformed?: MalformedCode | undefined;
  /**
   * The framework's object for this request. The authenticator decides about it once: for each later call with the same object, it returns
   * the first decision, and only checks `require` in addition. Without an object, a second call with the same token is a replay.
   */
  readonly request?: object | undefined;
  /** Any value. The hook `onResult` gets it unchanged. */
  readonly context?: unknown;
}
