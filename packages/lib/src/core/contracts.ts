/** The contracts between the path and the parts around it. Everything else depends on these, and these on nothing. */
import type { EnginePublicKey } from '#engine';
import type { AlgorithmName } from './algorithms.ts';
import type { BindMember } from './bind.ts';
import type { MaybePromise } from './maybe-promise.ts';

export type { MaybePromise };

/** What the path needs of a public key. `PublicKey` is one. */
export interface VerificationKey {
  /** Lower-case hex SHA-256 of the SPKI PEM (spec/PROTOCOL.md §1). */
  readonly kid: string;
  /** OpenSSH fingerprint, `SHA256:…`, that people compare by eye. */
  readonly fingerprint: string;
  /** What this key accepts. The key decides; the token's header must merely agree. */
  readonly algorithms: readonly AlgorithmName[];
  /** Exact length of this key's signatures, in bytes. */
  readonly signatureLength: number;
  /** An RSA key's modulus, big-endian; `undefined` for other keys. */
  readonly modulus: Uint8Array | undefined;
  /** The prepared key of the crypto engine. */
  readonly handle: EnginePublicKey;
}

/** `active` and `staged` keys are usable; `staged` ones are meant to replace an active one that is still in use. */
export type KeyState = 'active' | 'staged' | 'expired' | 'revoked';

/** A key of a user, with the state that names the true reason of a refusal. */
export interface KeyRecord {
  readonly key: VerificationKey;
  readonly state: KeyState;
  /** What its issuer calls it, where that is another name: a token whose `kid` is this means this key. */
  readonly issuerKid?: string | null | undefined;
  /** Whether it may be used from the caller's address, which is `undefined` where nobody knows it; default from everywhere. */
  readonly allowsAddress?: ((address: string | undefined) => boolean) | null | undefined;
}

/** A user with all its keys, as one query finds it. */
export interface UserRecord<User> {
  /** The username as the store has it; the path compares it with the claim byte for byte. */
  readonly username: string;
  /** The application's own object for this user; `authenticate()` hands it back. */
  readonly user: User;
  readonly disabled: boolean;
  readonly keys: readonly KeyRecord[];
  /** Members of `bind` that this user's tokens must carry, beyond the server's own policy. */
  readonly require?: readonly BindMember[] | null | undefined;
  /** URLs of JWK sets whose keys count as well; not before `withKeySets` has looked there. */
  readonly jwksUrls?: readonly string[] | null | undefined;
  /** Seconds since the epoch at which the record will be another, as a key expires: nobody keeps it for longer. */
  readonly validUntil?: number | null | undefined;
}

/** What a key store may use to fetch less: the token's own words, not yet verified. */
export interface KeyHint {
  readonly kid: string | undefined;
  readonly alg: AlgorithmName;
}

/** Finds users and their keys. */
export interface KeyStore<User> {
  /**
   * Finds a user and its keys in one query.
   *
   * @param username - compared exactly, without normalisation or case folding
   * @param hint - unverified; a store that ignores it is correct
   * @returns the user with its keys in every state, at once or as any thenable; `undefined` or `null` if there is no such user
   * @throws any error: the request is refused as `unavailable`, and also if the store does not respond within 30 seconds
   */
  find(username: string, hint: KeyHint): MaybePromise<UserRecord<User> | undefined | null>;
  /**
   * Told after each accepted request; a store writes in batches, if at all, and keeps its own failures to itself.
   *
   * @param key - the one that signed, as `find` gave it
   * @param at - seconds since the epoch
   */
  recordUse?(key: VerificationKey, at: number): void;
  /**
   * Tells whether `find` would be answered now, by asking what it asks. It need not limit how often it asks:
   * `authenticator.readiness()` calls it once at a time, and once a second at most. A store without it counts as ready.
   *
   * @returns `ready`, or why not
   * @throws anything: the store is not ready, and the error's message is the reason
   */
  readiness?(): MaybePromise<Readiness>;
}

/** Whether a store serves now, and if not, why. */
export type Readiness = { readonly ready: true } | { readonly ready: false; readonly reason: string };

/** The replay key: a verified username, the claimed time and the nonce. Its type is part of a nonce: `7` and `"7"` are two. */
export interface NonceClaim {
  readonly username: string;
  /** Seconds since the epoch, as claimed. */
  readonly time: number;
  readonly nonce: string | number;
}

/**
 * - `claimed`: this caller, and no other ever, has this nonce
 * - `replayed`: somebody had it before
 * - `forgotten`: the claimed time lies at or below what the store may have forgotten; nobody can tell
 * - `rate_limited`: this user holds or claims more than its share
 */
export type ClaimOutcome = 'claimed' | 'replayed' | 'forgotten' | 'rate_limited';

/** Remembers which nonces were used. */
export interface NonceStore {
  /** Largest tolerance, in seconds, for which this store keeps records long enough. */
  readonly tolerance: number;
  /**
   * Settles what may have been forgotten since an earlier life of the store. May be called again; `claim` works without it.
   *
   * @param now - seconds since the epoch
   */
  open(now: number): MaybePromise<void>;
  /**
   * Tells whether a claim would be served.
   *
   * @param now - seconds since the epoch
   * @returns `ready`, or why not
   */
  readiness(now: number): Readiness;
  /**
   * Claims a nonce, atomically: of any number of concurrent callers exactly one gets `claimed`, across all processes that share
   * the store. No check followed by a write can guarantee that; implement it as one operation.
   *
   * @param nonce - of a token whose signature, time and binding hold
   * @param now - seconds since the epoch, by the caller's clock
   * @returns what became of it
   * @throws anything, {@link UnavailableError} by preference: whether the nonce is spent is then unknown, and the request is
   *   answered `unavailable`
   */
  claim(nonce: NonceClaim, now: number): MaybePromise<ClaimOutcome>;
}

/** Signs tokens. An agent, an HSM or a KMS fits without exposing a key. */
export interface Signer {
  readonly alg: AlgorithmName;
  /** Lower-case hex SHA-256 of the public key's SPKI PEM. */
  readonly kid: string;
  /**
   * @param bytes - the JWS signing input, not hashed (RFC 7515 §5.1)
   * @returns the raw JWS signature: r‖s for ECDSA (RFC 7518 §3.4)
   */
  sign(bytes: Uint8Array): MaybePromise<Uint8Array>;
}

/**
 * Thrown by a store that cannot answer. Its message says what to do; it is logged, but never sent to a caller.
 *
 * @example
 * ```ts
 * import { createAuthenticator, memoryNonceStore, UnavailableError } from 'asymmetric-jwt-auth';
 *
 * function find(): never {
 *   throw new UnavailableError('the user database does not respond; check ldap.example.com');
 * }
 * const auth = createAuthenticator({ keys: { find, readiness: find }, nonces: memoryNonceStore() });
 * console.log(await auth.readiness()); // { ready: false, reason: '…: the user database does not respond; …' }
 * ```
 */
export class UnavailableError extends Error {
  override readonly name = 'UnavailableError';
  readonly code = 'unavailable';
}

/**
 * Thrown when a key is added to a user but belongs to another one.
 *
 * @example
 * ```ts
 * import { KeyConflictError, memoryKeyStore, PrivateKey } from 'asymmetric-jwt-auth';
 *
 * const { publicKey } = await PrivateKey.generate('ed25519');
 * const keys = memoryKeyStore();
 * keys.addKey('guido', publicKey);
 * try {
 *   keys.addKey('tim', publicKey);
 * } catch (error) {
 *   console.log(error instanceof KeyConflictError); // true
 * }
 * ```
 */
export class KeyConflictError extends Error {
  override readonly name = 'KeyConflictError';
  readonly code = 'key_conflict';
}
