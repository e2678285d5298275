/** Public keys in DER and PEM, compared with the output of node:crypto. */
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { PublicKey } from '../../src/index.ts';

const KEYS: Readonly<Record<string, () => KeyObject>> = {
  Ed25519: () => generateKeyPairSync('ed25519').publicKey,
  ...Object.fromEntries(
    ['P-256', 'P-384', 'P-521'].map((namedCurve) => [
      namedCurve,
      () => generateKeyPairSync('ec', { namedCurve }).publicKey,
    ]),
  ),
  ...Object.fromEntries(
    [2048, 2049, 2055, 3072].map((bits) => [
      `RSA-${bits}`,
      () => generateKeyPairSync('rsa', { modulusLength: bits }).publicKey,
    ]),
  ),
  'RSA with a long exponent': () =>
    generateKeyPairSync('rsa', { modulusLength: 2048, publicExponent: 0xffff_ffff }).publicKey,
};

describe.each(Object.entries(KEYS))('a public key (%s)', (name, make) => {
  const rounds = name.startsWith('RSA') ? 2 : 50;

  test('is written exactly as node:crypto writes it, and can be read again', () => {
    for (let round = 0; round < rounds; round++) {
      const handle = make();
      const pem = handle.export({ type: 'spki', format: 'pem' });
      for (const key of [PublicKey.from(handle), PublicKey.from(pem as string)]) {
        expect(key.toPem()).toBe(pem);
        expect(key.handle.equals(handle)).toBe(true);
        if (!name.startsWith('RSA')) continue;
        const pkcs1 = handle.export({ type: 'pkcs1', format: 'pem' }) as string;
        expect(key.toPkcs1Pem()).toBe(pkcs1);
        expect(PublicKey.from(pkcs1).toPem()).toBe(pem);
      }
    }
  });
});
