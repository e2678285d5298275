/** Payloads on both sides of the limits of every claim (spec/PROTOCOL.md §3), signed by a registered key. */
import { generateKeyPairSync } from 'node:crypto';
import { freshNonce, frozenServer, goodPayload, NOW, publicKeyOf } from 'ajwt-testkit/frozen-server';
import { signToken } from 'ajwt-testkit/sign';
import { describe, expect, test } from 'vitest';
import { brokenPayloads, claimsBounds } from './claims-cases.ts';

const key = generateKeyPairSync('ed25519').privateKey;
const server = frozenServer();
server.keys.addKey('alice', publicKeyOf(key));
const sign = (payload: string | Uint8Array) => signToken('{"alg":"EdDSA","typ":"JWT"}', payload, key);

describe('payloads signed by a registered key', () => {
  test.each(claimsBounds(NOW))('%j: %s', async (members, expected) => {
    const all = { username: '"alice"', time: String(NOW), nonce: `"${freshNonce()}"`, ...members };
    const payload = `{${Object.entries(all).map(([name, value]) => `"${name}":${value}`)}}`;
    expect(await server.judge(sign(payload))).toBe(expected);
    if (expected === 'accepted') expect(await server.judge(sign(payload))).toBe('replayed');
  });

  test.each(brokenPayloads(goodPayload))('a payload that is %s is malformed', async (_what, bytes) => {
    expect(await server.judge(sign(bytes))).toBe('malformed payload_json');
  });

  test('a payload of 4096 bytes is accepted, a longer one is malformed', async () => {
    const padded = (length: number) => {
      const payload = goodPayload();
      return `${payload.slice(0, -1)}${' '.repeat(length - payload.length)}}`;
    };
    expect(await server.judge(sign(padded(4096)))).toBe('accepted');
    expect(await server.judge(sign(padded(4097)))).toBe('malformed payload_too_long');
  });
});
