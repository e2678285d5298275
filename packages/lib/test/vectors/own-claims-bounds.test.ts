/** The bounds of every claim, and of the payload, on both sides (spec/PROTOCOL.md §3), as a user with a good key can sign them. */
import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { freshNonce, frozenServer, goodPayload, NOW, publicKeyOf } from '../helpers/frozen-server.ts';
import { signToken } from '../helpers/sign.ts';

const key = generateKeyPairSync('ed25519').privateKey;
const server = frozenServer();
server.keys.addKey('alice', publicKeyOf(key));
const sign = (payload: string | Uint8Array) => signToken('{"alg":"EdDSA","typ":"JWT"}', payload, key);

/** Raw JSON values in place of those of a good payload, or beside them; the bounds of spec/PROTOCOL.md §3 on both sides. */
const CLAIMS: readonly (readonly [members: Readonly<Record<string, string>>, expected: string])[] = [
  [{ time: `"${NOW}"` }, 'malformed time'],
  [{ time: 'null' }, 'malformed time'],
  [{ time: 'false' }, 'malformed time'],
  [{ time: '0' }, 'malformed time'],
  [{ time: '-0' }, 'malformed time'],
  [{ time: '5e-324' }, 'stale'],
  [{ time: '9007199254740991' }, 'from_the_future'],
  [{ time: '9007199254740992' }, 'malformed time'],
  [{ time: `${NOW}000` }, 'from_the_future'],
  [{ time: `${NOW - 21}` }, 'stale'],
  [{ time: `${NOW - 21}.999` }, 'stale'],
  [{ time: `${NOW - 20}.5` }, 'accepted'],
  [{ time: `${NOW + 20}` }, 'accepted'],
  [{ time: `${NOW + 20}.001` }, 'from_the_future'],
  [{ time: `${NOW + 21}` }, 'from_the_future'],
  [{ time: `${NOW / 1e9}e9` }, 'accepted'],
  [{ nonce: '["a"]' }, 'malformed nonce'],
  [{ nonce: '[]' }, 'malformed nonce'],
  [{ nonce: 'true' }, 'malformed nonce'],
  [{ nonce: '1e400' }, 'malformed nonce'],
  [{ nonce: '0.1234567890123' }, 'accepted'],
  [{ nonce: '-1' }, 'accepted'],
  [{ nonce: `"${'a'.repeat(255)}"` }, 'accepted'],
  [{ nonce: `"${'a'.repeat(256)}"` }, 'malformed nonce'],
  [{ nonce: `"${'a'.repeat(1025)}"` }, 'malformed nonce'],
  [{ nonce: `"${'é'.repeat(127)}"` }, 'accepted'],
  [{ nonce: `"${'é'.repeat(128)}"` }, 'malformed nonce'],
  [{ nonce: '"\\udc00\\ud800"' }, 'malformed payload_json'],
  [{ nonce: '"a\\r\\nX: y"' }, 'accepted'],
  [{ username: '"alice\\r\\nX: y"' }, 'malformed username'],
  [{ username: '" alice"' }, 'malformed username'],
  [{ username: '"alice\\u00a0"' }, 'malformed username'],
  [{ username: '"\\ufeffalice"' }, 'malformed username'],
  [{ username: '"alice\\u007f"' }, 'malformed username'],
  [{ username: '""' }, 'malformed username'],
  [{ username: '["alice"]' }, 'malformed username'],
  [{ username: '"__proto__"' }, 'unknown_user'],
  [{ username: '"../alice"' }, 'unknown_user'],
  [{ username: '"\\uff41lice"' }, 'unknown_user'],
  [{ username: '"alice\\u200b"' }, 'unknown_user'],
  [{ username: `"${'u'.repeat(600)}"` }, 'unknown_user'],
  [{ username: `"${'u'.repeat(601)}"` }, 'malformed username'],
  [{ username: `"${'é'.repeat(300)}"` }, 'unknown_user'],
  [{ username: `"${'é'.repeat(301)}"` }, 'malformed username'],
  [{ 'usern\\u0061me': '"bob"' }, 'malformed payload_json'],
  [{ x: '{"a":1,"a":2}' }, 'malformed payload_json'],
  [{ x: '{"a":1,"\\u0061":2}' }, 'malformed payload_json'],
  [{ x: '[{"a":1},{"a":2}]' }, 'accepted'],
  [{ x: '"\\ud800"' }, 'malformed payload_json'],
  [{ '\\ud800': '1' }, 'malformed payload_json'],
  [{ ['__proto__']: '{"username":"bob"}' }, 'accepted'],
  [{ exp: `${NOW - 20}` }, 'expired'],
  [{ exp: `${NOW - 19}` }, 'accepted'],
  [{ nbf: `${NOW + 20}`, iat: `${NOW + 20}` }, 'accepted'],
  [{ nbf: `${NOW + 21}` }, 'from_the_future'],
  [{ iat: `${NOW + 21}` }, 'from_the_future'],
  [{ exp: 'null' }, 'malformed registered_claim'],
  [{ nbf: '[1]' }, 'malformed registered_claim'],
  [{ iat: '1e400' }, 'malformed registered_claim'],
  [{ aud: '1' }, 'malformed registered_claim'],
  [{ aud: '["a",1]' }, 'malformed registered_claim'],
  [{ aud: '"https://api.example.com"' }, 'wrong_audience'],
  [{ aud: '[]' }, 'wrong_audience'],
  [{ bind: '1' }, 'malformed bind'],
  [{ bind: '{"v":2}' }, 'malformed bind'],
  [{ bind: '{"v":1,"ip":"::1"}' }, 'malformed bind'],
  [{ bind: '{"v":1,"htm":["GET"]}' }, 'malformed bind'],
  [{ bind: '{"v":1,"htm":"GET"}' }, 'binding_mismatch'],
];

const whole = (payload: string) => Buffer.from(payload, 'utf8');
const PAYLOADS: readonly (readonly [what: string, bytes: Uint8Array])[] = [
  ['an array', whole(`[${goodPayload()}]`)],
  ['an empty array', whole('[]')],
  ['a string', whole('"alice"')],
  ['two objects', whole(goodPayload() + goodPayload())],
  ['single quotes', whole(goodPayload().replaceAll('"', "'"))],
  ['a trailing comma', whole(goodPayload().replace('}', ',}'))],
  ['a NUL at its end', whole(`${goodPayload()}\0`)],
  ['bytes that are not UTF-8', Buffer.from(goodPayload('al\xffice'), 'latin1')],
  ['an overlong UTF-8 sequence', Buffer.from(goodPayload('al\xc0\xafice'), 'latin1')],
  ['a surrogate in UTF-8', Buffer.from(goodPayload('al\xed\xa0\x80ice'), 'latin1')],
  ['UTF-16', Buffer.from(goodPayload(), 'utf16le')],
];

describe('payloads signed by a registered key', () => {
  test.each(CLAIMS)('%j: %s', async (members, expected) => {
    const all = { username: '"alice"', time: String(NOW), nonce: `"${freshNonce()}"`, ...members };
    const payload = `{${Object.entries(all).map(([name, value]) => `"${name}":${value}`)}}`;
    expect(await server.judge(sign(payload))).toBe(expected);
    if (expected === 'accepted') expect(await server.judge(sign(payload))).toBe('replayed');
  });

  test.each(PAYLOADS)('a payload that is %s is malformed', async (_what, bytes) => {
    expect(await server.judge(sign(bytes))).toBe('malformed payload_json');
  });

  test('a payload of more than 4096 bytes is malformed, one of 4096 is not', async () => {
    const padded = (length: number) => {
      const payload = goodPayload();
      return `${payload.slice(0, -1)}${' '.repeat(length - payload.length)}}`;
    };
    expect(await server.judge(sign(padded(4096)))).toBe('accepted');
    expect(await server.judge(sign(padded(4097)))).toBe('malformed payload_too_long');
  });
});
