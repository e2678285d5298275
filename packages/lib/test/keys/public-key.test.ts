import { createHash, createPublicKey } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { KeyError, PrivateKey, PublicKey } from '../../src/index.ts';

const key = (await PrivateKey.generate('ed25519')).publicKey;

describe('PublicKey', () => {
  test('has the kid of the Python package: SHA-256 of the SPKI PEM', () => {
    expect(key.kid).toBe(createHash('sha256').update(key.toPem()).digest('hex'));
  });

  test.each(['toPem', 'toOpenSsh', 'toJwk'] as const)('can be read again from %s()', (method) => {
    const again = PublicKey.from(key[method]() as string);
    expect([again.kid, again.fingerprint]).toEqual([key.kid, key.fingerprint]);
  });

  test('can be made from a KeyObject', () => {
    expect(PublicKey.from(createPublicKey(key.toPem())).kid).toBe(key.kid);
  });

  test('names the file option if it gets a path', () => {
    expect(() => PublicKey.from('guido.pub')).toThrow(KeyError);
    expect(() => PublicKey.from('guido.pub')).toThrow('fromFile');
  });
});
