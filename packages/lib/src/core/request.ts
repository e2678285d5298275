/** What the path sees of an HTTP request. */
import type { BindMember } from './bind.ts';
import type { MaybePromise } from './contracts.ts';
import type { MalformedCode } from './reasons.ts';

/** What an adapter, or a caller by hand, tells of a request. */
export interface AuthenticationRequest {
  /** Every value of the `Authorization` header, as received: an array where there may be several. */
  readonly authorization: string | readonly string[] | null | undefined;
  /** The method as sent, before any override. */
  readonly method?: string | undefined;
  /** The request-target as sent: `/path?query`, byte for byte. */
  readonly target?: string | undefined;
  /** The caller's address, for keys that may be used from some only: of the connection, or as a proxy that is trusted says. */
  readonly address?: string | undefined;
  /** Members of `bind` that this route requires, beyond the server's policy. */
  readonly require?: readonly BindMember[] | undefined;
  /**
   * Unpadded base64url SHA-256 of the body as received. Called once, after the nonce was claimed, and only for a token that binds
   * it. Where it is absent, such a token is refused.
   */
  readonly bodyDigest?: (() => MaybePromise<string>) | undefined;
  /**
   * What the caller of `authenticate()` itself found malformed in the request, outside its credential. Such a request is refused at
   * step 2, and its token stays unspent.
   */
  readonly malformed?: MalformedCode | undefined;
  /** Whatever the hook `onResult` is to know beside: it is handed on as it is. */
  readonly context?: unknown;
}
