/**
 * The states of a token on its way. A step takes only what the step before it returns, so that a wrong order, or a step left
 * out, does not compile. The mark exists in types alone.
 */
import type { Algorithm } from './algorithms.ts';
import type { Claims } from './claims.ts';
import type { KeyHint, KeyRecord, UserRecord, VerificationKey } from './contracts.ts';

declare const trust: unique symbol;

interface Token<Trust extends string> {
  readonly [trust]: Trust;
  readonly claims: Claims;
}

/** Step 2: well-formed, and nothing more. Anybody can write one. */
export interface UnverifiedToken extends Token<'unverified'> {
  readonly algorithm: Algorithm;
  readonly kid: string | undefined;
  readonly hint: KeyHint;
  /** `header.payload`, the JWS signing input (RFC 7515 §5.1). */
  readonly signingInput: string;
  /** Canonical base64url. */
  readonly signature: string;
  /** In bytes. */
  readonly signatureLength: number;
}

interface Verified<User, Trust extends string> extends Token<Trust> {
  readonly record: UserRecord<User>;
  /** The key that verified it. */
  readonly key: VerificationKey;
}

/** Step 4: a usable key of that user signed it, at some time. */
export interface SignedToken<User> extends Verified<User, 'signed'> {}

/** Step 5: and it was signed just now. */
export interface FreshToken<User> extends Verified<User, 'fresh'> {}

/** Step 6: and it is meant for this server and this request. */
export interface BoundToken<User> extends Verified<User, 'bound'> {}

/** Step 7: and it never came before. Whoever holds one has been authenticated, but for the body's digest. */
export interface ClaimedToken<User> extends Verified<User, 'claimed'> {}

/** Step 3: the user, and those of its keys that may have signed the token. */
export interface Candidates<User> {
  readonly record: UserRecord<User>;
  readonly keys: readonly KeyRecord[];
}
