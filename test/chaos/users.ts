/** The users of the load, with one key each. */
import { generateKeyPairSync, type KeyObject } from 'node:crypto';

export interface Users {
  /** By username. */
  readonly privateKeys: ReadonlyMap<string, KeyObject>;
  /** Public keys as JWK, by username. */
  readonly publicKeys: Readonly<Record<string, unknown>>;
}

export function makeUsers(count: number): Users {
  const pairs = Array.from({ length: count }, (_, index) => [`user-${index}`, generateKeyPairSync('ed25519')] as const);
  return {
    privateKeys: new Map(pairs.map(([name, { privateKey }]) => [name, privateKey])),
    publicKeys: Object.fromEntries(pairs.map(([name, { publicKey }]) => [name, publicKey.export({ format: 'jwk' })])),
  };
}
