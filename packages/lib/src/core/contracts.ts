/** The interfaces between an authenticator and its stores, and between a client and its signer. */
import type { EnginePublicKey } from '#engine';
import type { AlgorithmName } from './algorithms.ts';
import type { BindMember } from './bind.ts';
import type { MaybePromise } from './maybe-promise.ts';

export type { MaybePromise };

/** The part of a public key that an authenticator uses. `PublicKey` implements it. */
export interface VerificationKey {
  /** Lower-case hex SHA-256 of the SPKI PEM (spec/PROTOCOL.md §1). */
  readonly kid: string;
  /** OpenSSH fingerprint, `SHA256:…`, for people to compare. */
  readonly fingerprint: string;
  /** The algorithms that this key accepts. A token whose header names another algorithm is refused. */
  readonly algorithms: readonly AlgorithmName[];
  /** Length of every signature by this key, in bytes. */
  readonly signatureLength: number;
  /** The modulus of an RSA key, big-endian; `undefined` for other keys. */
  readonly modulus: Uint8Array | undefined;
  /** The 32 bytes of an Ed25519 key (RFC 8032 §5.1.2), for the option `ed25519` of an authenticator; `undefined` for other keys. */
  readonly ed25519: Uint8Array | undefined;
  /** The key in the form that the crypto engine uses. */
  readonly handle: EnginePublicKey;
}

/**
 * The state of a key. `active` and `staged` keys are usable; a `staged` key will replace an active one. A `retired` key was replaced by
 * another key.
 */
export type KeyState = 'active' | 'staged' | 'expired' | 'retired' | 'revoked';

/** A key of a user, with its state. If the key's state causes a refusal, `result.reason` says so. */
export interface KeyRecord {
  readonly key: VerificationKey;
  readonly state: KeyState;
  /** The `kid` that the issuer has chosen for this key, if it is not `key.kid`. A token can contain either one. */
  readonly issuerKid?: string | null | undefined;
  /**
   * Returns whether the key may be used from an address, which is `undefined` if it is unknown. Without this function, the key may be used
   * from any address.
   */
  readonly allowsAddress?: ((address: string | undefined) => boolean) | null | undefined;
}

/** A user with all its keys, from one query. */
export interface UserRecord<User> {
  /** The username as stored. The authenticator compares it with the claim, byte by byte. */
  readonly username: string;
  /** The application's own object for this user, which `authenticate()` returns. */
  readonly user: User;
  readonly disabled: boolean;
  readonly keys: readonly KeyRecord[];
  /** Members of `bind` that this user's tokens must have, in addition to those that the authenticator requires. */
  readonly require?: readonly BindMember[] | null | undefined;
  /** URLs of JWK sets with more keys of this user. `withJwks` adds those keys. */
  readonly jwksUrls?: readonly string[] | null | undefined;
  /** The time at which this record changes because a key expires, in seconds since the epoch. A cache drops the record then. */
  readonly validUntil?: number | null | undefined;
}

/** Unverified parts of the token, which a key store may use to fetch fewer keys. */
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
   * @param hint - unverified; a store may ignore it
   * @returns the user with all keys, whatever their state, or a thenable that resolves to it; `undefined` or `null` if
   *   there is no such user
   * @throws any error; the request is then refused as `unavailable`. The same happens if the store does not respond within 30 seconds
   */
  find(username: string, hint: KeyHint): MaybePromise<UserRecord<User> | undefined | null>;
  /**
   * Records that a key was used. Called after each accepted request, so write in batches. Errors are ignored.
   *
   * @param key - the key that signed, as `find` returned it
   * @param at - seconds since the epoch
   */
  recordUse?(key: VerificationKey, at: number): void;
  /**
   * Checks whether `find` would work now, by querying the same database or service. `authenticator.readiness()` calls it at most once a
   * second, and only after the previous call has settled or has taken 10 seconds. A store without this method counts as ready.
   *
   * @returns `{ ready: true }`, or the reason why the store cannot serve
   * @throws any error; the store then counts as not ready, and the message is the reason
   */
  readiness?(): MaybePromise<Readiness>;
}

/** Whether a store can serve requests now; if not, the reason. */
export type Readiness = { readonly ready: true } | { readonly ready: false; readonly reason: string };

/** Identifies a token that was verified, by its username, time and nonce. The nonces `7` and `"7"` are different. */
export interface NonceClaim {
  readonly username: string;
  /** The `time` claim of the token, in seconds since the epoch. */
  readonly time: number;
  readonly nonce: string | number;
}

/**
 * - `claimed`: this caller gets the nonce, and no other caller ever does
 * - `replayed`: the nonce was claimed before
 * - `forgotten`: the token is so old that the store may have forgotten its nonce
 * - `rate_limited`: the store holds too many nonces of this user, or the user makes too many claims
 */
export type ClaimOutcome = 'claimed' | 'replayed' | 'forgotten' | 'rate_limited';

/** Remembers used nonces. */
export interface NonceStore {
  /** Largest tolerance, in seconds, for which this store keeps records long enough. */
  readonly tolerance: number;
  /**
   * Connects, and finds out up to which time the store may have forgotten nonces. You can call it again; `claim` works without it.
   *
   * @param now - seconds since the epoch
   */
  open(now: number): MaybePromise<void>;
  /**
   * Returns whether the store could decide a claim now.
   *
   * @param now - seconds since the epoch
   * @returns `{ ready: true }`, or the reason why the store cannot serve
   */
  readiness(now: number): Readiness;
  /**
   * Claims a nonce atomically: exactly one of all concurrent callers gets `claimed`, in all processes that share the store. A check
   * followed by a write cannot guarantee that; implement it as one operation.
   *
   * @param nonce - the nonce of a token whose signature, time and binding have been verified
   * @param now - seconds since the epoch, by the caller's clock
   * @returns the outcome
   * @throws any error, preferably {@link UnavailableError}; the request is then refused as `unavailable`, and its nonce may be used up
   */
  claim(nonce: NonceClaim, now: number): MaybePromise<ClaimOutcome>;
  /**
   * Releases what the store has opened itself, such as timers and connections, but nothing that was passed to it. Claims in flight still
   * complete; later claims throw. You can call it again. A store that has nothing to release needs no `close`.
   *
   * @returns a promise that resolves when no claim is in flight
   */
  close?(): MaybePromise<void>;
}

/** Signs tokens. `PrivateKey` implements it. A signer of your own can keep the key in an HSM or a key management service. */
export interface Signer {
  readonly alg: AlgorithmName;
  /** Lower-case hex SHA-256 of the public key's SPKI PEM. */
  readonly kid: string;
  /**
   * Signs a token.
   *
   * @param bytes - the JWS signing input, not hashed (RFC 7515 §5.1)
   * @returns the raw JWS signature: r‖s for ECDSA (RFC 7518 §3.4)
   */
  sign(bytes: Uint8Array): MaybePromise<Uint8Array>;
}

/**
 * Thrown by a store that cannot respond. Its message says what to do, and is logged but never sent to a caller.
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
 * Thrown when a key is added to a user although another user has it.
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
