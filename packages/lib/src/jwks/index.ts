/** JWK sets, for Node: keys that others publish, and one's own for others. */
export { type JwksKeyStoreOptions, type JwksTrust, type JwksUser, jwksKeyStore } from '../key-stores/jwks.ts';
export { withKeySets } from '../key-stores/with-key-sets.ts';
export { type JwksClient, type JwksClientOptions, jwksClient } from './client.ts';
export {
  JWKS_PATH,
  type JwksEndpoint,
  type JwksEndpointOptions,
  type JwksNodeRequest,
  type JwksNodeResponse,
  jwksEndpoint,
} from './endpoint.ts';
export { JWKS_PROBLEMS, JwksError, type JwksProblemCode } from './problem.ts';
export { isPublicAddress } from './public-address.ts';
