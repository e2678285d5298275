/** JOSE headers: the registered key determines the algorithm, and keys or URLs in a header are never used. */
import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { frozenServer, goodPayload, publicKeyOf } from 'ajwt-testkit/frozen-server';
import { macToken, signToken } from 'ajwt-testkit/sign';
import { readVectors } from 'ajwt-testkit/vectors';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { macSecrets, VECTOR_OUTCOMES, vectorHeader, vectorTokens } from './jose-header-cases.ts';

const { cases } = readVectors<{ cases: { id: string; header: string; signature: string }[] }>('own/jose_headers.json');

const good = generateKeyPairSync('ed25519').privateKey;
const attacker = generateKeyPairSync('ed25519').privateKey;
const attackerRsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
const aliceRsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
const alice = publicKeyOf(good);
const server = frozenServer();
server.keys.addKey('alice', alice);
server.keys.addKey('alice', publicKeyOf(aliceRsa));

let connections = 0;
const trap = createServer((_request, response) => response.end('{"keys":[]}')).on('connection', () => {
  connections += 1;
});
beforeAll(() => new Promise<void>((resolve) => trap.listen(0, '127.0.0.1', resolve)));
afterAll(() => new Promise((resolve) => trap.close(resolve)));

const tokens = vectorTokens({ good, attacker, attackerRsa, goodPayload });

describe('JOSE headers of the vectors', () => {
  test('each vector has an outcome, and each outcome has a vector', () => {
    expect(cases.map(({ id }) => id).sort()).toEqual(Object.keys(VECTOR_OUTCOMES).sort());
  });

  test.each(cases)('$id: $header', async ({ id, header, signature }) => {
    const expected = VECTOR_OUTCOMES[id];
    const bytes = vectorHeader(header, (trap.address() as AddressInfo).port, alice.kid);
    const made = Object.entries(tokens[signature]?.(bytes) ?? {});
    expect(made.length, `number of tokens for the signature "${signature}"`).toBeGreaterThan(0);
    for (const [name, token] of made) {
      expect(await server.judge(token), name).toBe(typeof expected === 'string' ? expected : expected?.[name]);
    }
    expect(connections).toBe(0);
  });

  test.each(['HS256', 'HS384', 'HS512'])('no form of the public key works as an HMAC secret for %s', async (alg) => {
    const header = JSON.stringify({ alg, typ: 'JWT', kid: alice.kid });
    for (const [name, secret] of Object.entries(macSecrets(good))) {
      const token = macToken(header, goodPayload(), alg.replace('HS', 'sha'), secret);
      expect(await server.judge(token), name).toBe('malformed alg');
    }
  });

  test('keys in the header are not used, and URLs in it are not fetched', async () => {
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
