/** Payloads signed by a registered key: each one that is not a valid token is refused before its nonce is claimed. */
import { generateKeyPairSync } from 'node:crypto';
import { freshNonce, frozenServer, goodPayload, NOW, publicKeyOf } from 'ajwt-testkit/frozen-server';
import { signToken } from 'ajwt-testkit/sign';
import { readVectors } from 'ajwt-testkit/vectors';
import { describe, expect, test } from 'vitest';
import { CLAIMS_OUTCOMES, fillPayload } from './claims-cases.ts';

const { cases } = readVectors<{ cases: { id: string; payload: string; why: string }[] }>('own/claims.json');

const key = generateKeyPairSync('ed25519').privateKey;
const server = frozenServer();
server.keys.addKey('alice', publicKeyOf(key));
const sign = (payload: string | Uint8Array) => signToken('{"alg":"EdDSA","typ":"JWT"}', payload, key);

describe('payloads of the vectors, signed by a registered key', () => {
  test('each vector has an outcome, and each outcome has a vector', () => {
    expect(cases.map(({ id }) => id).sort()).toEqual(Object.keys(CLAIMS_OUTCOMES).sort());
  });

  test.each(cases)('$id: $why', async ({ id, payload }) => {
    const nonce = freshNonce();
    expect(await server.judge(sign(fillPayload(payload, NOW, nonce)))).toBe(CLAIMS_OUTCOMES[id]);
    if (CLAIMS_OUTCOMES[id] === 'accepted')
      expect(await server.judge(sign(fillPayload(payload, NOW, nonce)))).toBe('replayed');
    else expect(await server.judge(sign(goodPayload('alice', nonce))), 'the nonce is unused').toBe('accepted');
    if (id.startsWith('ok'))
      expect(await server.judge(sign(goodPayload('alice', nonce))), 'plain form').toBe('replayed');
  });
});
