/** Project Wycheproof: keys and signatures designed to break verifiers. Every case runs through our import and our engines. */

import { readVectors } from 'ajwt-testkit/vectors';
import { keyErrorCode, verifies } from 'ajwt-testkit/verify';
import { describe, expect, test } from 'vitest';
import { sodiumEd25519 } from '../../src/engine/sodium.ts';
import { PublicKey } from '../../src/index.ts';

interface Wycheproof {
  readonly numberOfTests: number;
  readonly testGroups: readonly {
    readonly publicKeyPem: string;
    readonly tests: readonly {
      readonly tcId: number;
      readonly comment: string;
      readonly flags: readonly string[];
      readonly msg: string;
      readonly sig: string;
      readonly result: 'valid' | 'invalid' | 'acceptable';
    }[];
  }[];
}

/**
 * The files with their algorithms, engines, and how many keys and cases are refused at import because the keys are weak (e = 3).
 */
const FILES = [
  { file: 'ecdsa_secp256r1_sha256_p1363_test.json', alg: 'ES256', engine: 'node:crypto', weakKeys: 0, weakCases: 0 },
  { file: 'ed25519_test.json', alg: 'EdDSA', engine: 'node:crypto', weakKeys: 0, weakCases: 0 },
  {
    file: 'ed25519_test.json',
    alg: 'EdDSA',
    engine: 'sodium-native',
    weakKeys: 0,
    weakCases: 0,
    ed25519: sodiumEd25519(),
  },
  { file: 'rsa_signature_2048_sha256_test.json', alg: 'RS256', engine: 'node:crypto', weakKeys: 2, weakCases: 2 },
  { file: 'rsa_signature_2048_sha512_test.json', alg: 'RS512', engine: 'node:crypto', weakKeys: 1, weakCases: 1 },
];

/** What the library does where the expected result is `acceptable`: it refuses a DigestInfo without NULL parameters (RFC 8017 §9.2 note 1). */
const ACCEPTABLE: Readonly<Record<string, boolean>> = { MissingNull: false };

describe.each(FILES)('$file, verified by $engine', ({ file, alg, weakKeys, weakCases, ed25519 }) => {
  const { numberOfTests, testGroups } = readVectors<Wycheproof>(`wycheproof/${file}`);
  const groups = testGroups.map(({ publicKeyPem, tests }) => {
    const code = keyErrorCode(() => PublicKey.from(publicKeyPem));
    return { code, key: code === 'accepted' ? PublicKey.from(publicKeyPem) : undefined, tests };
  });
  const weak = groups.filter(({ code }) => code === 'weak_key');
  const cases = groups.flatMap(({ key, tests }) => (key === undefined ? [] : tests.map((one) => ({ key, ...one }))));

  test('every key is imported, or refused as weak', () => {
    expect(new Set(groups.map(({ code }) => code))).toEqual(
      new Set(weakKeys === 0 ? ['accepted'] : ['accepted', 'weak_key']),
    );
    expect(weak).toHaveLength(weakKeys);
  });

  test('every case runs', () => {
    expect(weak.flatMap(({ tests }) => tests)).toHaveLength(weakCases);
    expect(cases).toHaveLength(numberOfTests - weakCases);
  });

  test.each(cases)('$tcId $comment: $result', ({ key, flags, msg, sig, result }) => {
    const expected = result === 'acceptable' ? flags.every((flag) => ACCEPTABLE[flag] === true) : result === 'valid';
    expect(verifies(key, alg, Buffer.from(msg, 'hex'), Buffer.from(sig, 'hex'), ed25519)).toBe(expected);
  });
});
