/**
 * Defines one type for each state of a token. Each step accepts only the type that the previous step returns, so a program that skips a
 * step or changes the order does not compile. The state exists only in the types, not at run time.
 */
import type { Algorithm } from './algorithms.ts';
import type { Claims } from './claims.ts';
import type { KeyHint, KeyRecord, UserRecord, VerificationKey } from './contracts.ts';

declare const trust: unique symbol;

interface Token<Trust extends string> {
  readonly [trust]: Trust;
  readonly claims: Claims;
}

/** Returned by step 2: the token is well-formed. Anyone can make one. */
export interface UnverifiedToken extends Token<'unverified'> {
  readonly algorithm: Algorithm;
  readonly kid: string | undefined;
  readonly hint: KeyHint;
  /** `header.payload`, the JWS signing input (RFC 7515 §5.1). */
  readonly signingInput: string;
  /** The bytes belong to this token: no other request overwrites them. */
  readonly signature: Uint8Array;
}

interface Verified<User, Trust extends string> extends Token<Trust> {
  readonly record: UserRecord<User>;
  /** The key that verified the signature. */
  readonly key: VerificationKey;
}

/** Returned by step 4: a usable key of the user has signed the token, now or in the past. */
export interface SignedToken<User> extends Verified<User, 'signed'> {}

/** Returned by step 5: the token was also signed just now. */
export interface FreshToken<User> extends Verified<User, 'fresh'> {}

/** Returned by step 6: the token is also for this server and this request. */
export interface BoundToken<User> extends Verified<User, 'bound'> {}

/** Returned by step 7: the token was also never used before. The digest of the body is not checked yet. */
export interface ClaimedToken<User> extends Verified<User, 'claimed'> {}

/** Returned by step 3: the user, and the keys that may have signed the token. */
export interface Candidates<User> {
  readonly record: UserRecord<User>;
  readonly keys: readonly KeyRecord[];
}
