/** The examples of RFC 7515, 7638 and 8037. */
import type { JsonWebKey } from 'node:crypto';
import { frozenServer } from 'ajwt-testkit/frozen-server';
import { parts } from 'ajwt-testkit/sign';
import { readVectors } from 'ajwt-testkit/vectors';
import { verifies } from 'ajwt-testkit/verify';
import { describe, expect, test } from 'vitest';
import { PublicKey } from '../../src/index.ts';

const { jws, thumbprints } = readVectors<{
  jws: { name: string; alg: string; jwk: JsonWebKey; token: string }[];
  thumbprints: { rfc: string; jwk: JsonWebKey; sha256: string }[];
}>('rfc/rfc-examples.json');

/** The reason for refusing each example: its payload does not fit this protocol. */
const REFUSED: Readonly<Record<string, string>> = {
  'RFC7515 A.2': 'malformed username',
  'RFC7515 A.3': 'malformed username',
  'RFC8037 A.4': 'malformed payload_json',
};

describe.each(jws)('$name ($alg)', ({ name, alg, jwk, token }) => {
  const key = PublicKey.from(jwk);
  const [header, payload, signature] = parts(token);
  const input = Buffer.from(`${header}.${payload}`);
  const bytes = Buffer.from(signature, 'base64url');

  test('verifies', () => {
    expect(verifies(key, alg, input, bytes)).toBe(true);
  });

  test('does not verify if a bit of the signature or the signed text changes', () => {
    for (const source of [bytes, input]) {
      for (let at = 0; at < source.length; at += 7) {
        const changed = Buffer.from(source);
        changed.writeUInt8(changed.readUInt8(at) ^ (1 << (at % 8)), at);
        expect(source === bytes ? verifies(key, alg, input, changed) : verifies(key, alg, changed, bytes)).toBe(false);
      }
    }
  });

  test('is refused by authenticate, because required claims are missing', async () => {
    const server = frozenServer();
    server.keys.addKey('joe', key);
    expect(await server.judge(token)).toBe(REFUSED[name]);
  });
});

describe('JWK thumbprints', () => {
  test.each(thumbprints)('of RFC $rfc', ({ jwk, sha256 }) => {
    expect(PublicKey.from(jwk).thumbprint).toBe(sha256);
    expect(PublicKey.from({ ...jwk, kid: '2011-04-29', use: 'sig' } as JsonWebKey).thumbprint).toBe(sha256);
  });
});
