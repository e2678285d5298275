/** The replay key: equal triples of username, time and nonce collide; different triples never do. */
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { freshNonce, frozenServer, goodPayload, NOW, publicKeyOf } from 'ajwt-testkit/frozen-server';
import { signToken } from 'ajwt-testkit/sign';
import { describe, expect, test } from 'vitest';

const key = generateKeyPairSync('ed25519').privateKey;
const server = frozenServer();
server.keys.addKey('alice', publicKeyOf(key));
const sign = (payload: string | Uint8Array) => signToken('{"alg":"EdDSA","typ":"JWT"}', payload, key);

describe('triples of username, time and nonce', () => {
  const users = [
    'bob',
    'bob:a',
    'bob:a:b',
    '__proto__',
    'constructor',
    '*',
    '../bob',
    'b\u00f3b',
    'bo\u0301b',
    '\uff42ob',
  ];
  const owned = new Map(users.map((name) => [name, generateKeyPairSync('ed25519').privateKey]));
  for (const [name, own] of owned) server.keys.addKey(name, publicKeyOf(own));
  const signAs = (username: string, time: number, nonce: string | number) =>
    signToken('{"alg":"EdDSA"}', JSON.stringify({ username, time, nonce }), owned.get(username) as KeyObject);

  test.each(users)('a token of the registered user %s is accepted once', async (name) => {
    const token = signAs(name, NOW, freshNonce());
    expect(await server.judge(token)).toBe('accepted');
    expect(await server.judge(token)).toBe('replayed');
  });

  test.each([
    ['bob', NOW, `a:b:${NOW}`],
    ['bob:a', NOW, `b:${NOW}`],
    ['bob:a:b', NOW, String(NOW)],
    ['bob', NOW, `a:b`],
    ['bob', NOW - 1, 'a:b'],
    ['bob', NOW, 'a\r\nb'],
    ['bob', NOW, 'a\nb'],
    ['bob', NOW, 'a\0b'],
    ['bob', NOW, 'a'],
    ['bob', NOW, 'a\0'],
    ['bob', NOW, '\ufffd'],
    ['bob', NOW, '\u00e9'],
    ['bob', NOW, 'e\u0301'],
    ['bob', NOW, 'A'],
    ['bob', NOW, '7'],
    ['bob', NOW, 7],
    ['bob', NOW, '7.0'],
    ['bob', NOW, 'null'],
    ['bob', NOW, -7],
    ['bob', NOW + 0.5, 7],
    ['bob', NOW, 0],
  ] as const)('%s, %d, %j does not collide with any other triple', async (username, time, nonce) => {
    expect(await server.judge(signAs(username, time, nonce))).toBe('accepted');
    expect(await server.judge(signAs(username, time, nonce))).toBe('replayed');
  });

  test.each([
    ['a time', `"time":${NOW},"nonce":"f1"`, `"time":${NOW}.0,"nonce":"f1"`],
    ['a time', `"time":${NOW},"nonce":"f2"`, `"time":${NOW / 1e9}e9,"nonce":"f2"`],
    ['a nonce', `"time":${NOW},"nonce":8`, `"time":${NOW},"nonce":8.0`],
    ['a nonce', `"time":${NOW},"nonce":0.0`, `"time":${NOW},"nonce":-0`],
    ['a nonce', `"time":${NOW},"nonce":"f3"`, `"time":${NOW},"nonce":"f\\u0033"`],
  ])('two spellings of %s are the same triple: %s and %s', async (_what, one, other) => {
    expect(await server.judge(sign(`{"username":"alice",${one}}`))).toBe('accepted');
    expect(await server.judge(sign(`{"username":"alice",${other}}`))).toBe('replayed');
  });
});

test('an unknown user, a disabled user and a wrong signature get the same response', async () => {
  server.keys.setUser('carol', { user: 'carol', disabled: true });
  const tokens = [sign(goodPayload('nobody')), sign(goodPayload('carol')), sign(goodPayload('bob'))];
  const results = await Promise.all(tokens.map((token) => server.authenticate(token)));
  expect(results.map((result) => !result.ok && result.reason)).toEqual([
    'unknown_user',
    'user_disabled',
    'bad_signature',
  ]);
  const answers = results.map((result) => !result.ok && [result.status, result.headers, result.body, result.detail]);
  expect(answers[1]).toEqual(answers[0]);
  expect(answers[2]).toEqual(answers[0]);
});
