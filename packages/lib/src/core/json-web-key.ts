/** JSON Web Keys (RFC 7517 §4). */

/**
 * A JSON Web Key, as `node:crypto` and the Web Crypto API read and write it. Members with other names may be present too.
 *
 * It is an alias and not an interface, so that it fits the `JsonWebKey` of every version of `@types/node`, with an index signature or
 * without one, and the one of `lib.dom`.
 */
export type JsonWebKey = {
  kty?: string;
  crv?: string;
  x?: string;
  y?: string;
  n?: string;
  e?: string;
  d?: string;
  p?: string;
  q?: string;
  dp?: string;
  dq?: string;
  qi?: string;
  k?: string;
  alg?: string;
  kid?: string;
  use?: string;
};
