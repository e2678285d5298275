/** JOSE headers with unusual members; the signature is always valid. */
import { generateKeyPairSync } from 'node:crypto';
import { frozenServer, goodPayload, publicKeyOf } from 'ajwt-testkit/frozen-server';
import { signToken } from 'ajwt-testkit/sign';
import { describe, expect, test } from 'vitest';
import { joseHeaderMembers } from './jose-header-members.ts';

const key = generateKeyPairSync('ed25519').privateKey;
const { kid } = publicKeyOf(key);
const stranger = publicKeyOf(generateKeyPairSync('ed25519').privateKey).kid;
const server = frozenServer();
server.keys.addKey('alice', publicKeyOf(key));

describe.each(Object.entries(joseHeaderMembers(kid, stranger)))('a JOSE header with %s', (_what, headers) => {
  test.each(headers)('%s: %s', async (header, expected) => {
    const token = signToken(header, goodPayload(), key);
    expect(await server.judge(token)).toBe(expected);
    expect(await server.judge(token), 'the same token again').toBe(expected === 'accepted' ? 'replayed' : expected);
  });
});
