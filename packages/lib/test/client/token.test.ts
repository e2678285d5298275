import { createAuthorization, createToken, PrivateKey } from 'asymmetric-jwt-auth/client';
import { expect, test } from 'vitest';
import { decodeBase64url } from '../../src/core/base64url.ts';

const key = await PrivateKey.generate();
const part = (token: string, index: number): unknown =>
  JSON.parse(new TextDecoder().decode(decodeBase64url(token.split('.')[index] as string)));

test('a token has the header and the three claims of the compat profile, and nothing else', async () => {
  const token = await createToken({ username: 'guido', key, now: () => 1_800_000_000.9 });
  expect(part(token, 0)).toEqual({ alg: 'EdDSA', typ: 'JWT', kid: key.kid });
  expect(part(token, 1)).toEqual({
    username: 'guido',
    time: 1_800_000_000,
    nonce: expect.stringMatching(/^[\w-]{22}$/),
  });
  expect(Object.keys(part(token, 1) as object)).toEqual(['username', 'time', 'nonce']);
});

test('createAuthorization returns the scheme and a token', async () => {
  expect(await createAuthorization({ username: 'guido', key })).toMatch(/^JWT [\w-]+\.[\w-]+\.[\w-]+$/);
});

test('10 000 tokens that are made concurrently have 10 000 different nonces', async () => {
  const tokens = await Promise.all(Array.from({ length: 10_000 }, () => createToken({ username: 'guido', key })));
  const nonces = new Set(tokens.map((token) => (part(token, 1) as { nonce: string }).nonce));
  expect(nonces.size).toBe(10_000);
});

test('a bound token has the claim bind, and has the claim aud only with sendAudClaim', async () => {
  const bind = { aud: 'https://api.example.com', htm: 'POST', target: '/v1/items?x=1' };
  const soft = part(await createToken({ username: 'guido', key, bind }), 1);
  expect(soft).toMatchObject({ bind: { v: 1, ...bind } });
  expect(soft).not.toHaveProperty('aud');
  expect(part(await createToken({ username: 'guido', key, bind, sendAudClaim: true }), 1)).toMatchObject({
    aud: bind.aud,
  });
});

test('a signer may return a promise', async () => {
  const slow = { alg: key.alg, kid: key.kid, sign: async (bytes: Uint8Array) => key.sign(bytes) };
  const token = await createToken({ username: 'guido', key: slow, now: () => 1_800_000_000 });
  expect(token.split('.')).toHaveLength(3);
});

test('createToken rejects with the error of the signer', async () => {
  const broken = { alg: key.alg, kid: key.kid, sign: () => Promise.reject(new Error('the agent is locked')) };
  await expect(createToken({ username: 'guido', key: broken })).rejects.toThrow('the agent is locked');
});

test.each(['', ' guido', 'guido ', 'a\u0000b', 'a\nb', '\ud800', 'u'.repeat(601)])(
  'the username %j is refused before anything is signed',
  async (username) => {
    await expect(createToken({ username, key })).rejects.toThrow('option username');
  },
);
