/**
 * Reads and publishes JWK sets (RFC 7517 §5) on Node. {@link jwksKeyStore} is a key store for callers who publish their keys at a URL.
 * {@link withJwks} adds such keys to another key store. Both use a {@link jwksClient} to fetch the sets. {@link jwksEndpoint} publishes
 * your own public keys.
 */

export { type JwksClient, type JwksClientOptions, jwksClient } from './jwks/jwks-client.ts';
export {
  JWKS_PATH,
  type JwksEndpoint,
  type JwksEndpointOptions,
  type JwksNodeRequest,
  type JwksNodeResponse,
  jwksEndpoint,
} from './jwks/jwks-endpoint.ts';
export { JWKS_PROBLEMS, JwksError, type JwksProblemCode } from './jwks/jwks-error.ts';
export { isPublicAddress } from './jwks/public-address.ts';
export {
  type JwksKeyStoreOptions,
  type JwksTrust,
  type JwksUser,
  jwksKeyStore,
} from './key-stores/jwks/jwks-key-store.ts';
export { withJwks } from './key-stores/jwks/with-jwks.ts';
