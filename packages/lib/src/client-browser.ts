/**
 * The client in browsers: the same names as in `client.ts`. Bundlers choose this file by the condition `browser`. It loads no module of
 * Node. `PrivateKey` throws an error; sign with `webCryptoSigner` of `asymmetric-jwt-auth/web-crypto`.
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
export { PrivateKey } from './keys/private-key-browser.ts';
