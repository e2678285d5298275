/** Defines the type of JSON Web Keys (RFC 7517 §4). */

/**
 * A JSON Web Key, as `node:crypto` and the Web Crypto API read and write it. It can have other members too.
 *
 * It is a type alias, so that it is compatible with the `JsonWebKey` of `lib.dom` and of every version of `@types/node`, with or without an
 * index signature. An interface is not compatible with all of them.
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
