/**
 * Signs requests. {@link createSignedFetch} returns a `fetch` that signs each request; use it unless you use another HTTP library. For
 * undici, axios, got and ky there are `asymmetric-jwt-auth/undici`, `/axios`, `/got` and `/ky`; for any other library, {@link
 * createAuthorization} returns the value of the `Authorization` header.
 *
 * {@link PrivateKey} reads a key from a file or a string. If a key must stay in an ssh-agent, a key management service or an HSM, use a
 * signer from `asymmetric-jwt-auth/ssh-agent` or `/kms`.
 */

export type { ClockOptions } from './client/clock.ts';
export { SignedFetchError, type SignedFetchErrorCode } from './client/error.ts';
export { createSignedFetch, type SignedFetchOptions } from './client/fetch.ts';
export type { SigningOptions } from './client/signing.ts';
export { createAuthorization, createToken, type TokenOptions } from './client/token.ts';
export type { AlgorithmName } from './core/algorithms.ts';
export type { Bind, BindMember } from './core/bind.ts';
export type { MaybePromise, Signer } from './core/contracts.ts';
export type { JsonWebKey } from './core/json-web-key.ts';
export { KeyError, type KeyErrorCode } from './keys/key-error.ts';
export { type GenerateOptions, PrivateKey, type PrivateKeyOptions } from './keys/private-key.ts';
