/** JWK sets: keys that others publish, for Node. */
export { type JwksKeyStoreOptions, type JwksTrust, type JwksUser, jwksKeyStore } from '../key-stores/jwks.ts';
export { type JwksClient, type JwksClientOptions, jwksClient } from './client.ts';
export { JWKS_PROBLEMS, JwksError, type JwksProblemCode } from './problem.ts';
