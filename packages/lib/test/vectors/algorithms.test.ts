/** Every algorithm with every type of key: the registered key determines the algorithm, and the header must match it. */
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { frozenServer, goodPayload, publicKeyOf } from 'ajwt-testkit/frozen-server';
import { SCHEMES, type SchemeName, signToken } from 'ajwt-testkit/sign';
import { describe, expect, test } from 'vitest';
import type { AlgorithmName } from '../../src/index.ts';
import { KeyError } from '../../src/index.ts';

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey;
const p521 = generateKeyPairSync('ec', { namedCurve: 'P-521' }).privateKey;
const ed25519 = generateKeyPairSync('ed25519').privateKey;
const ALL = Object.keys(SCHEMES) as SchemeName[];

interface Registered {
  readonly key: KeyObject;
  /** The algorithm that the key is registered for. */
  readonly alg?: AlgorithmName;
  readonly accepts: readonly SchemeName[];
  /** Algorithms that the private key can sign with. */
  readonly signs: readonly SchemeName[];
}

const RSA: readonly SchemeName[] = ['RS512', 'RS384', 'RS256', 'PS512', 'PS384', 'PS256'];
const KEYS: Readonly<Record<string, Registered>> = {
  RSA: { key: rsa, accepts: ['RS512', 'RS384', 'RS256'], signs: RSA },
  ...Object.fromEntries(RSA.map((alg) => [`RSA for ${alg}`, { key: rsa, alg, accepts: [alg], signs: RSA }])),
  'P-256': { key: p256, accepts: ['ES256'], signs: ['ES256', 'ES384', 'ES512'] },
  'P-384': { key: p384, accepts: ['ES384'], signs: ['ES384', 'ES256', 'ES512'] },
  'P-521': { key: p521, accepts: ['ES512'], signs: ['ES512', 'ES256', 'ES384'] },
  Ed25519: { key: ed25519, accepts: ['EdDSA', 'Ed25519'], signs: ['EdDSA', 'Ed25519'] },
  'Ed25519 for EdDSA': { key: ed25519, alg: 'EdDSA', accepts: ['EdDSA', 'Ed25519'], signs: ['EdDSA', 'Ed25519'] },
};

describe.each(Object.entries(KEYS))('a key %s', (_name, { key, alg, accepts, signs }) => {
  const server = frozenServer();
  const imported = publicKeyOf(key, alg === undefined ? {} : { alg });
  server.keys.addKey('alice', imported);
  const tokensOf = (name: string, scheme: SchemeName) =>
    [{ alg: name }, { alg: name, kid: imported.kid }].map((header) =>
      signToken(JSON.stringify(header), goodPayload(), key, scheme),
    );

  test.each(ALL.filter((name) => accepts.includes(name)))('accepts %s', async (name) => {
    for (const token of tokensOf(name, name)) expect(await server.judge(token)).toBe('accepted');
  });

  test.each(ALL.filter((name) => !accepts.includes(name)))(
    'refuses a token with alg %s, whatever algorithm signed it',
    async (name) => {
      for (const scheme of signs) {
        for (const token of tokensOf(name, scheme)) {
          expect(await server.judge(token), scheme).toMatch(/^(?:unknown_key|malformed signature_length)$/);
        }
      }
    },
  );

  test.each(accepts.filter((name) => name !== 'EdDSA' && name !== 'Ed25519'))(
    'refuses a token with alg %s that another algorithm signed',
    async (name) => {
      for (const scheme of signs.filter((other) => other !== name)) {
        for (const token of tokensOf(name, scheme)) expect(await server.judge(token), scheme).toBe('bad_signature');
      }
    },
  );
});

test.each([
  ['RSA', rsa, ['ES256', 'EdDSA', 'Ed25519']],
  ['P-256', p256, ['ES384', 'ES512', 'RS256', 'EdDSA']],
  ['P-521', p521, ['ES256', 'PS512']],
  ['Ed25519', ed25519, ['ES256', 'RS512']],
] as const)('a key (%s) cannot be registered for an algorithm of another type of key', (_name, key, algs) => {
  for (const alg of algs) expect(() => publicKeyOf(key, { alg }), alg).toThrow(KeyError);
  expect(() => publicKeyOf(key, { alg: 'HS256' as never })).toThrow(KeyError);
});
