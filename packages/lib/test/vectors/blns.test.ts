/** The Big List of Naughty Strings in every place that a caller or an administrator can put a string. */
import { generateKeyPairSync } from 'node:crypto';
import { freshNonce, frozenServer, goodPayload, NOW, publicKeyOf } from 'ajwt-testkit/frozen-server';
import { signToken } from 'ajwt-testkit/sign';
import { readVectors } from 'ajwt-testkit/vectors';
import { keyErrorCode } from 'ajwt-testkit/verify';
import { describe, expect, test } from 'vitest';
import { isUsername } from '../../src/core/claims.ts';
import { parseToken } from '../../src/core/token.ts';
import { PublicKey } from '../../src/index.ts';

const strings = readVectors<string[]>('blns/blns.base64.json').map((text) =>
  Buffer.from(text, 'base64').toString('utf8'),
);
const cases = strings.map((text, index) => ({ index, text, shown: JSON.stringify(text.slice(0, 40)) }));

const key = generateKeyPairSync('ed25519').privateKey;
const server = frozenServer();
server.keys.addKey('alice', publicKeyOf(key));
const header = '{"alg":"EdDSA"}';
const byteLength = (text: string) => Buffer.byteLength(text, 'utf8');

describe('a naughty string as a username', () => {
  test.each(cases)('$index: $shown', async ({ text }) => {
    const own = generateKeyPairSync('ed25519').privateKey;
    const token = (username: string, nonce: string) => signToken(header, goodPayload(username, nonce), own);
    const nonce = freshNonce();
    if (!isUsername(text)) {
      expect(() => server.keys.addKey(text, publicKeyOf(own))).toThrow(/^username: /);
      expect(await server.judge(token(text, nonce))).toBe('malformed username');
      return;
    }
    expect(await server.judge(token(text, nonce)), 'before the user is registered').toBe('unknown_user');
    server.keys.addKey(text, publicKeyOf(own));
    const result = await server.authenticate(token(text, nonce));
    expect(result.ok && [result.username, result.claims.username, result.user]).toEqual([text, text, text]);
    expect(await server.judge(token(text, nonce))).toBe('replayed');
    for (const other of [`${text}x`, `x${text}`, text.toUpperCase(), text.normalize('NFKC'), 'alice']) {
      if (other === text || !isUsername(other) || strings.includes(other)) continue;
      const expected = other === 'alice' ? 'bad_signature' : 'unknown_user';
      expect(await server.judge(token(other, nonce)), other).toBe(expected);
    }
    expect(server.keys.removeUser(text)).toBe(true);
    expect(await server.judge(token(text, freshNonce())), 'after the user was removed').toBe('unknown_user');
  });
});

describe('a naughty string as a nonce', () => {
  test.each(cases)('$index: $shown', async ({ text }) => {
    const token = signToken(header, JSON.stringify({ username: 'alice', time: NOW - 1, nonce: text }), key);
    const good = text !== '' && byteLength(text) <= 255;
    // The list contains one string twice.
    const seen = strings.indexOf(text) < strings.lastIndexOf(text);
    const said = await server.judge(token);
    if (!good) expect(said).toBe('malformed nonce');
    else if (!seen) expect(said).toBe('accepted');
    if (good) expect(await server.judge(token)).toBe('replayed');
  });
});

describe('a naughty string as a kid', () => {
  test.each(cases)('$index: $shown', async ({ text }) => {
    const token = signToken(JSON.stringify({ alg: 'EdDSA', kid: text }), goodPayload(), key);
    expect(await server.judge(token)).toBe(text === '' || byteLength(text) > 256 ? 'malformed kid' : 'accepted');
  });
});

describe('a naughty string is refused as an alg, a typ, a token and a header', () => {
  test.each(cases)('$index: $shown', async ({ text }) => {
    expect(await server.judge(signToken(JSON.stringify({ alg: text }), goodPayload(), key))).toBe('malformed alg');
    const typed = await server.judge(signToken(JSON.stringify({ alg: 'EdDSA', typ: text }), goodPayload(), key));
    expect(typed).toBe('malformed typ');
    expect(await server.judge(text)).toMatch(/^malformed /);
    expect(parseToken(text)).toMatchObject({ reason: 'malformed' });
    expect(await server.judge(signToken(text, goodPayload(), key))).toMatch(/^malformed (?:header_json|not_a_token)$/);
    expect(await server.judge(signToken(header, text, key))).toMatch(/^malformed (?:payload_json|not_a_token)$/);
  });
});

describe('a naughty string as the comment of a key', () => {
  const line = publicKeyOf(key).toOpenSsh();

  /** Returns the comment without spaces at its start, which separate it from the key, and without white space at its end. */
  const trimmed = (text: string) => text.replace(/^[ \t]+|\s+$/g, '');

  test.each(cases)('$index: $shown', ({ text }) => {
    const comment = trimmed(text);
    const code = keyErrorCode(() => PublicKey.from(`${line} ${text}`));
    expect(code).toBe(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(comment) ? 'malformed' : 'accepted');
    if (code !== 'accepted') return;
    const imported = PublicKey.from(`${line} ${text}`);
    expect(imported.comment).toBe(comment === '' ? undefined : comment);
    expect(imported.kid).toBe(publicKeyOf(key).kid);
    expect(PublicKey.from(imported.toOpenSsh()).comment).toBe(imported.comment);
  });

  test.each(cases)('toOpenSsh writes a comment that can be read back, or refuses it: $index: $shown', ({ text }) => {
    let written: string;
    try {
      written = publicKeyOf(key).toOpenSsh(text);
    } catch (error) {
      expect(error).toMatchObject({ name: 'KeyError', code: 'malformed' });
      return;
    }
    expect(PublicKey.from(written).comment ?? '').toBe(trimmed(text));
  });

  test.each(['-----', '-----BEGIN PUBLIC KEY-----', '{', 'ssh-rsa AAAA', '#'])('%s is an ordinary comment', (text) => {
    const written = publicKeyOf(key).toOpenSsh(text);
    expect(written).toBe(`${line} ${text}`);
    expect(keyErrorCode(() => PublicKey.from(written))).toBe('accepted');
    expect(PublicKey.from(written).comment).toBe(text);
  });
});

test('no string is accepted as a key', () => {
  for (const text of strings)
    expect(
      keyErrorCode(() => PublicKey.from(text)),
      text,
    ).toMatch(/^(?:malformed|unsupported)$/);
});
