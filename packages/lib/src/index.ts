/**
 * Authenticates requests on a server. Pass a key store and a nonce store to {@link createAuthenticator}, then pass the authenticator to
 * the adapter of your framework: `asymmetric-jwt-auth/express`, `/node` or `/web`.
 *
 * - Key stores: {@link memoryKeyStore} for tests and for a few callers. `asymmetric-jwt-auth/sql`, `/authorized-keys` and `/jwks` read
 *   users and keys from databases, files and JWK sets. {@link cachedKeyStore} and {@link chainedKeyStore} wrap other key stores.
 * - Nonce stores: {@link memoryNonceStore} for a service of one process, `asymmetric-jwt-auth/sql` or `/redis` for several.
 *
 * To sign requests, import `asymmetric-jwt-auth/client`.
 */
export type { AlgorithmName, Curve, KeyType } from './core/algorithms.ts';
export type { Bind, BindMember } from './core/bind.ts';
export { BodyError, type BodyErrorCode } from './core/body-error.ts';
export type { Claims } from './core/claims.ts';
export {
  type ClaimOutcome,
  KeyConflictError,
  type KeyHint,
  type KeyRecord,
  type KeyState,
  type KeyStore,
  type MaybePromise,
  type NonceClaim,
  type NonceStore,
  type Readiness,
  type Signer,
  UnavailableError,
  type UserRecord,
  type VerificationKey,
} from './core/contracts.ts';
export type { Ed25519Verify } from './core/ed25519.ts';
export type { JsonWebKey } from './core/json-web-key.ts';
export { printable } from './core/printable.ts';
export {
  MALFORMED,
  type MalformedCode,
  REASONS,
  type Reason,
  type ReasonEntry,
  type WireError,
} from './core/reasons.ts';
export type { AuthenticationRequest } from './core/request.ts';
export {
  type CachedKeyStore,
  type CachedKeyStoreOptions,
  cachedKeyStore,
} from './key-stores/cached-key-store.ts';
export { chainedKeyStore } from './key-stores/chained-key-store.ts';
export {
  type MemoryKeyOptions,
  type MemoryKeyStore,
  type MemoryKeyStoreOptions,
  type MemoryUserOptions,
  memoryKeyStore,
} from './key-stores/memory/memory-key-store.ts';
export { KeyError, type KeyErrorCode } from './keys/key-error.ts';
export { type GenerateOptions, PrivateKey, type PrivateKeyOptions } from './keys/private-key.ts';
export { PublicKey, type PublicKeyOptions } from './keys/public-key.ts';
export { type MemoryNonceStoreOptions, memoryNonceStore } from './nonce-stores/memory/memory-nonce-store.ts';
export {
  type AcceptedResult,
  type AuthenticationResult,
  type Authenticator,
  createAuthenticator,
  type Identity,
} from './server/authenticate.ts';
export type { AuthenticationEvent } from './server/event.ts';
export type { AuthenticatorOptions } from './server/options.ts';
export type { RefusedResult } from './server/refusal-response.ts';
export { type IssuedId, type SingleUseOptions, singleUse } from './server/single-use.ts';
export { SingleUseError, type SingleUseErrorCode } from './server/single-use-error.ts';
