/** Values that many tests need. */
import type { KeyObject } from 'node:crypto';
import { PublicKey, type PublicKeyOptions } from 'asymmetric-jwt-auth';

/** Imports the public half of a key. */
export function publicKeyOf(key: KeyObject, options: PublicKeyOptions = {}): PublicKey {
  const { kty, crv, n, e, x, y } = key.export({ format: 'jwk' });
  const members = Object.entries({ kty, crv, n, e, x, y }).filter(([, value]) => value !== undefined);
  return PublicKey.from(Object.fromEntries(members), options);
}

let serial = 0;

/** Returns a nonce that no other call returns, in any process of the tests. */
export function freshNonce(): string {
  serial += 1;
  return `nonce-${process.pid}-${serial}`;
}
