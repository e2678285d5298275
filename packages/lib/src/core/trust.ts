/**
 * The states of a token. Each step takes only what the step before it returns, so that a program with a missing step, or with steps in
 * a wrong order, does not compile. The mark exists only in the types.
 */
import type { Algorithm } from './algorithms.ts';
import type { Claims } from './claims.ts';
import type { KeyHint, KeyRecord, UserRecord, VerificationKey } from './contracts.ts';

declare const trust: unique symbol;

interface Token<Trust extends string> {
  readonly [trust]: Trust;
  readonly claims: Claims;
}

/** Step 2: a well-formed token. Anyone can make one. */
export interface UnverifiedToken extends Token<'unverified'> {
  readonly algorithm: Algorithm;
  readonly kid: string | undefined;
  readonly hint: KeyHint;
  /** `header.payload`, the JWS signing input (RFC 7515 §5.1). */
  readonly signingInput: string;
  /** Belongs to this token: no other request overwrites it. */
  readonly signature: Uint8Array;
}

interface Verified<User, Trust extends string> extends Token<Trust> {
  readonly record: UserRecord<User>;
  /** The key that verified the signature. */
  readonly key: VerificationKey;
}

/** Step 4: signed with a usable key of the user, at some time. */
export interface SignedToken<User> extends Verified<User, 'signed'> {}

/** Step 5: also signed just now. */
export interface FreshToken<User> extends Verified<User, 'fresh'> {}

/** Step 6: also meant for this server and this request. */
export interface BoundToken<User> extends Verified<User, 'bound'> {}

/** Step 7: also never used before. The request is authenticated, except for the digest of its body. */
export interface ClaimedToken<User> extends Verified<User, 'claimed'> {}

/** Step 3: the user, and the keys that may have signed the token. */
export interface Candidates<User> {
  readonly record: UserRecord<User>;
  readonly keys: readonly KeyRecord[];
}
