/** What a user with a good key can sign: every payload that is not a token of this profile is refused before its nonce is spent. */
import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { freshNonce, frozenServer, goodPayload, NOW, publicKeyOf } from '../helpers/frozen-server.ts';
import { signToken } from '../helpers/sign.ts';
import { readVectors } from '../helpers/vectors.ts';

const { cases } = readVectors<{ cases: { id: string; payload: string; why: string }[] }>('own/claims.json');

const key = generateKeyPairSync('ed25519').privateKey;
const server = frozenServer();
server.keys.addKey('alice', publicKeyOf(key));
const sign = (payload: string | Uint8Array) => signToken('{"alg":"EdDSA","typ":"JWT"}', payload, key);

/** Fills the placeholders of a vector. */
const fill = (payload: string, nonce = freshNonce()) =>
  payload
    .replace(/\$\{NOW([+-]\d+)?\}/g, (_match, shift: string | undefined) => String(NOW + Number(shift ?? 0)))
    .replaceAll(/\$\{NONCE\}/g, nonce);

/** Our answer to each vector, where its `expect` leaves a choice as well. */
const EXPECTED: Readonly<Record<string, string>> = {
  ok: 'accepted',
  'ok-extra': 'accepted',
  'ok-ws': 'accepted',
  'ok-escaped': 'accepted',
  'ok-float-int': 'accepted',
  'time-array': 'malformed time',
  'time-true': 'malformed time',
  'time-missing': 'malformed time',
  'time-neg': 'malformed time',
  'time-1e400': 'malformed time',
  'time-huge': 'malformed time',
  'time-i64min': 'malformed time',
  'time-future21': 'from_the_future',
  'time-edge-20': 'accepted',
  'time-nan': 'malformed payload_json',
  'nonce-object': 'malformed nonce',
  'nonce-null': 'malformed nonce',
  'nonce-empty': 'malformed nonce',
  'nonce-nul': 'accepted',
  'nonce-colon': 'accepted',
  'nonce-lone-surrogate': 'malformed payload_json',
  'user-object': 'malformed username',
  'user-null': 'malformed username',
  'user-missing': 'malformed username',
  'user-constructor': 'unknown_user',
  'user-case': 'unknown_user',
  'user-nfd': 'unknown_user',
  'user-cyrillic': 'unknown_user',
  'user-nul': 'malformed username',
  'user-sql': 'unknown_user',
  'user-comma': 'unknown_user',
  'user-slash': 'unknown_user',
  'user-glob': 'unknown_user',
  'user-long': 'malformed username',
  'user-emoji': 'unknown_user',
  'dup-time': 'malformed payload_json',
  'payload-null': 'malformed payload_json',
  'payload-number': 'malformed payload_json',
  'payload-trailing': 'malformed payload_json',
  'payload-comment': 'malformed payload_json',
  'payload-bom': 'malformed payload_json',
  'exp-past': 'expired',
  'exp-string': 'malformed registered_claim',
};

describe('payloads of the vectors, signed by a registered key', () => {
  test('each vector has an answer here, and each answer a vector', () => {
    expect(cases.map(({ id }) => id).sort()).toEqual(Object.keys(EXPECTED).sort());
  });

  test.each(cases)('$id: $why', async ({ id, payload }) => {
    const nonce = freshNonce();
    expect(await server.judge(sign(fill(payload, nonce)))).toBe(EXPECTED[id]);
    if (EXPECTED[id] === 'accepted') expect(await server.judge(sign(fill(payload, nonce)))).toBe('replayed');
    else expect(await server.judge(sign(goodPayload('alice', nonce))), 'the nonce is unspent').toBe('accepted');
    if (id.startsWith('ok'))
      expect(await server.judge(sign(goodPayload('alice', nonce))), 'plain form').toBe('replayed');
  });
});
