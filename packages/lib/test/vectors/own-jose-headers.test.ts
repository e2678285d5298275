/** JOSE headers: the registered key decides the algorithm, and nothing that a header says is looked up or fetched. */
import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freshNonce, frozenServer, goodPayload, publicKeyOf } from '../helpers/frozen-server.ts';
import { base64url, macToken, type Part, parts, signBytes, signToken } from '../helpers/sign.ts';
import { readVectors } from '../helpers/vectors.ts';

const { cases } = readVectors<{ cases: { id: string; header: string; signature: string }[] }>('own/jose_headers.json');

const good = generateKeyPairSync('ed25519').privateKey;
const attacker = generateKeyPairSync('ed25519').privateKey;
const attackerRsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
const aliceRsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
const alice = publicKeyOf(good);
const server = frozenServer();
server.keys.addKey('alice', alice);
server.keys.addKey('alice', publicKeyOf(aliceRsa));

/** Everything that an attacker who has the public key could take for an HMAC secret. */
const der = createPublicKey(good).export({ format: 'der', type: 'spki' });
const MAC_SECRETS: Readonly<Record<string, Part>> = {
  'the PEM': alice.toPem(),
  'the PEM without its last line end': alice.toPem().trimEnd(),
  'the DER': der,
  'the raw 32 bytes': der.subarray(-32),
  'the JWK': JSON.stringify(createPublicKey(good).export({ format: 'jwk' })),
  nothing: '',
};

let connections = 0;
const trap = createServer((_request, response) => response.end('{"keys":[]}')).on('connection', () => {
  connections += 1;
});
beforeAll(() => new Promise<void>((resolve) => trap.listen(0, '127.0.0.1', resolve)));
afterAll(() => new Promise((resolve) => trap.close(resolve)));

const headerOf = (text: string): Part =>
  text === '(bytes ff fe)'
    ? Buffer.from([0xff, 0xfe])
    : text.replaceAll(/\$\{TRAP\}/g, String((trap.address() as AddressInfo).port)).replaceAll(/\$\{FPR\}/g, alice.kid);

/** The tokens that the `signature` column of the vectors asks for. */
const TOKENS: Readonly<Record<string, (header: Part) => Readonly<Record<string, string>>>> = {
  good: (header) => ({ good: signToken(header, goodPayload(), good) }),
  'good EdDSA signature': (header) => ({ good: signToken(header, goodPayload(), good) }),
  'good over those bytes': (header) => ({ good: signToken(header, goodPayload(), good) }),
  '-': (header) => ({ good: signToken(header, goodPayload(), good) }),
  'empty, and also good EdDSA signature': (header) => {
    const token = signToken(header, goodPayload(), good);
    return { good: token, empty: `${parts(token)[0]}.${parts(token)[1]}.` };
  },
  'hmac-with-public-key (run with: PEM text, PEM without final newline, DER, raw 32 bytes, JWK text, empty key)': (
    header,
  ) =>
    Object.fromEntries(
      Object.entries(MAC_SECRETS).flatMap(([name, secret]) =>
        ['sha256', 'sha384', 'sha512'].map((hash) => [
          `${hash} with ${name}`,
          macToken(header, goodPayload(), hash, secret),
        ]),
      ),
    ),
  'good over raw payload': (header) => {
    const payload = goodPayload('alice', freshNonce());
    const signature = base64url(signBytes(`${base64url(header)}.${payload}`, good));
    return {
      'raw payload': `${base64url(header)}.${payload}.${signature}`,
      'encoded payload': `${base64url(header)}.${base64url(payload)}.${signature}`,
      'good all the same': signToken(header, payload, good),
    };
  },
  'good by the ATTACKER key': (header) => ({
    Ed25519: signToken(header, goodPayload(), attacker),
    RSA: signToken(header, goodPayload(), attackerRsa, 'RS256'),
  }),
};

/** Our answers; where several tokens are tried, by their names. */
const EXPECTED: Readonly<Record<string, string | Readonly<Record<string, string>>>> = {
  ok: 'accepted',
  'ok-typ': 'accepted',
  'ok-kid': 'accepted',
  'ok-kid-unknown': 'accepted',
  'alg-none': { good: 'malformed alg', empty: 'malformed not_a_token' },
  'alg-NONE': { good: 'malformed alg', empty: 'malformed not_a_token' },
  'alg-""': 'malformed alg',
  'alg-HS256': 'malformed alg',
  'alg-HS384': 'malformed alg',
  'alg-RS1': 'malformed alg',
  'alg-ES256': 'unknown_key',
  'alg-RS256': 'malformed signature_length',
  'alg-Ed448': 'malformed alg',
  'alg-EdDSA ': 'malformed alg',
  'alg-toString': 'malformed alg',
  'alg-__proto__': 'malformed alg',
  'alg-array': 'malformed alg',
  'alg-dup': 'malformed header_json',
  'crit-empty': 'malformed unsupported_header',
  'crit-b64': {
    // The commas of the raw payload come first.
    'raw payload': 'malformed header_repeated',
    'encoded payload': 'malformed unsupported_header',
    'good all the same': 'malformed unsupported_header',
  },
  'crit-missing-member': 'malformed unsupported_header',
  jku: { Ed25519: 'bad_signature', RSA: 'malformed signature_length' },
  x5c: { Ed25519: 'malformed signature_length', RSA: 'bad_signature' },
  'kid-sql': 'accepted',
  'kid-nul': 'accepted',
  'kid-array': 'malformed kid',
  'kid-null': 'malformed kid',
  'kid-proto': 'accepted',
  'kid-url': 'accepted',
  'typ-other': 'malformed typ',
  enc: 'malformed alg',
  'header-null': 'malformed header_json',
  'header-string': 'malformed header_json',
  'header-utf8': 'malformed header_json',
};

describe('JOSE headers of the vectors', () => {
  test('each vector has an answer here, and each answer a vector', () => {
    expect(cases.map(({ id }) => id).sort()).toEqual(Object.keys(EXPECTED).sort());
  });

  test.each(cases)('$id: $header', async ({ id, header, signature }) => {
    const expected = EXPECTED[id];
    for (const [name, token] of Object.entries(TOKENS[signature]?.(headerOf(header)) ?? {})) {
      expect(await server.judge(token), name).toBe(typeof expected === 'string' ? expected : expected?.[name]);
    }
    expect(connections).toBe(0);
    expect.hasAssertions();
  });

  test.each(['HS256', 'HS384', 'HS512'])('no public key is a secret for %s', async (alg) => {
    const header = JSON.stringify({ alg, typ: 'JWT', kid: alice.kid });
    for (const [name, secret] of Object.entries(MAC_SECRETS)) {
      const token = macToken(header, goodPayload(), alg.replace('HS', 'sha'), secret);
      expect(await server.judge(token), name).toBe('malformed alg');
    }
  });

  test('keys that the header brings along, or points to, are neither used nor fetched', async () => {
    const url = `http://127.0.0.1:${(trap.address() as AddressInfo).port}/`;
    const jwk = createPublicKey(attacker).export({ format: 'jwk' });
    for (const members of [{ jwk }, { jku: url }, { x5u: url }, { x5c: ['MIIB'] }, { jwk, jku: url, kid: url }]) {
      const header = JSON.stringify({ alg: 'EdDSA', ...members });
      expect(await server.judge(signToken(header, goodPayload(), attacker))).toBe('bad_signature');
      expect(await server.judge(signToken(header, goodPayload(), good))).toBe('accepted');
    }
    expect(connections).toBe(0);
  });
});
