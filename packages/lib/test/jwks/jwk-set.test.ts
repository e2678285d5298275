/** Which kids find a key of a set, and which keys are skipped. */

import { clientOf, newKey, publish, startPublisher } from 'ajwt-testkit/jwks-publisher';
import { describe, expect, test } from 'vitest';
import { PrivateKey } from '../../src/index.ts';

const publisher = await startPublisher();
const { url } = publisher;
const key = await newKey();
const leaked = await newKey();
const rsa = (await PrivateKey.generate('rsa')).publicKey;
const bare = (one = key) => {
  const { kid: _ours, ...members } = one.toJwk();
  return members;
};

describe('a key is found', () => {
  const hexName = 'ab'.repeat(32);
  test.each([
    ['by its kid in the set', { ...bare(), kid: 'key of 2026/11' }, 'key of 2026/11'],
    ['by a kid of the set that looks like a digest', { ...bare(), kid: hexName }, hexName],
    ['by the digest of its SPKI PEM', { ...bare(), kid: 'other' }, key.kid],
    ['by that digest in upper case', bare(), key.kid.toUpperCase()],
    ['by its RFC 7638 thumbprint', bare(), key.thumbprint],
    ['if the token has no kid', { ...bare(), kid: 'other' }, undefined],
    ['if its kid in the set is not a string', { ...bare(), kid: 7 }, key.kid],
  ])('%s', async (_name, entry, kid) => {
    publisher.answerWith(publish([entry, rsa]));
    expect(await clientOf(publisher).kids(url, kid)).toContain(key.kid);
  });

  test.each(['nope', '', hexName, '__proto__', 'toString', 'OTHER'])('but not by the kid %j', async (kid) => {
    publisher.answerWith(publish([{ ...bare(), kid: 'other' }]));
    expect(await clientOf(publisher).kids(url, kid)).toEqual([]);
  });
});

describe('a key is skipped without affecting other keys', () => {
  const privateJwk = { ...leaked.toJwk(), d: 'AAAA' };
  test.each([
    ['a symmetric key', 'bad_key', { kty: 'oct', k: 'c2VjcmV0' }],
    ['a key with its private part', 'leaked_key', privateJwk],
    ['a key for encryption', 'bad_key', { ...leaked.toJwk(), use: 'enc' }],
    ['a key that is not for verification', 'bad_key', { ...leaked.toJwk(), key_ops: ['sign'] }],
    ['another kind of key', 'bad_key', { kty: 'OKP', crv: 'X25519', x: bare().x }],
    ['a key with an alg of another kind', 'bad_key', { ...leaked.toJwk(), alg: 'RS256' }],
    ['a weak key', 'bad_key', { kty: 'RSA', n: 'AQAB', e: 'AQAB' }],
    ['a number', 'bad_key', 7],
    ['null', 'bad_key', null],
    ['an array', 'bad_key', []],
    ['a key with the kid of an earlier one', 'duplicate_kid', { ...leaked.toJwk(), kid: 'ours' }],
  ])('%s', async (_name, code, entry) => {
    publisher.answerWith(publish([{ ...bare(), kid: 'ours' }, entry, rsa]));
    const { kids, problems } = clientOf(publisher);
    expect(await kids(url)).toEqual([key.kid, rsa.kid]);
    expect(problems).toMatchObject([{ code, index: 1 }]);
  });

  test('a key that is also published with its private part', async () => {
    publisher.answerWith(publish([leaked, key, privateJwk]));
    const { kids, codes } = clientOf(publisher);
    expect(await kids(url)).toEqual([key.kid]);
    expect(codes()).toEqual(['leaked_key', 'leaked_key']);
  });

  test('the 101st key', async () => {
    publisher.answerWith(publish([...Array.from({ length: 100 }, () => bare()), rsa]));
    const { kids, codes } = clientOf(publisher);
    expect(await kids(url, rsa.kid)).toEqual([]);
    expect(codes()[0]).toBe('too_many_keys');
  });

  test('with a message that contains no part of it', async () => {
    publisher.answerWith(publish([privateJwk, { kty: 'oct', k: 'c2VjcmV0' }]));
    const { kids, problems } = clientOf(publisher);
    await expect(kids(url)).rejects.toThrow();
    expect(problems.map(({ message }) => message).join()).not.toMatch(/AAAA|c2VjcmV0/);
  });
});
