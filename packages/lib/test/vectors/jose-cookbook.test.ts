/** The JOSE cookbook (RFC 7520 §4, and its Ed25519 example): signatures of key pairs verify, and everything else is refused. */
import type { JsonWebKey } from 'node:crypto';
import { frozenServer } from 'ajwt-testkit/frozen-server';
import { listVectors, readVectors } from 'ajwt-testkit/vectors';
import { keyErrorCode, verifies } from 'ajwt-testkit/verify';
import { describe, expect, test } from 'vitest';
import { PrivateKey, PublicKey } from '../../src/index.ts';

interface Example {
  readonly title: string;
  readonly reproducible?: boolean;
  readonly input: { readonly key: JsonWebKey; readonly alg: string };
  readonly signing: { readonly sig: string; readonly 'sig-input': string };
  readonly output: { readonly compact?: string; readonly json?: object; readonly json_flat?: object };
}

/** Examples with key pairs; `authenticate` refuses their payloads, which are plain text. */
const KEY_PAIRS: readonly (readonly [path: string, alg: 'RS256' | 'PS384' | 'ES512' | 'EdDSA'])[] = [
  ['jws/4_1.rsa_v15_signature.json', 'RS256'],
  ['jws/4_2.rsa-pss_signature.json', 'PS384'],
  ['jws/4_3.ecdsa_signature.json', 'ES512'],
  ['curve25519/jws.json', 'EdDSA'],
];

/** Examples that are refused before any key is looked up; `compact` is `null` if the example has no compact form. */
const REFUSED: readonly (readonly [path: string, compact: string | null])[] = [
  ['jws/4_4.hmac-sha2_integrity_protection.json', 'malformed alg'],
  ['jws/4_5.signature_with_detached_content.json', 'malformed not_a_token'],
  ['jws/4_6.protecting_specific_header_fields.json', null],
  ['jws/4_7.protecting_content_only.json', null],
  ['jws/4_8.multiple_signatures.json', null],
];
const read = (path: string) => readVectors<Example>(`jose-cookbook/${path}`);
const publicPart = ({ kty, crv, n, e, x, y }: JsonWebKey) => JSON.stringify({ kty, crv, n, e, x, y });

test('every example is tested', () => {
  const used = [...KEY_PAIRS, ...REFUSED].map(([path]) => path);
  const there = ['jws', 'curve25519'].flatMap((folder) =>
    listVectors(`jose-cookbook/${folder}`).map((name) => `${folder}/${name}`),
  );
  expect(used.sort()).toEqual(there.sort());
});

describe.each(KEY_PAIRS)('%s (%s)', (path, alg) => {
  const { input, signing, output, reproducible } = read(path);
  const key = PublicKey.from(publicPart(input.key), { alg });
  const message = Buffer.from(signing['sig-input']);
  const signature = Buffer.from(signing.sig, 'base64url');

  test('verifies only with its own algorithm', () => {
    expect(input.alg).toBe(alg);
    expect(verifies(key, alg, message, signature)).toBe(true);
    for (const other of ['RS512', 'RS256', 'PS384', 'PS256', 'ES512', 'ES256', 'EdDSA'].filter(
      (name) => name !== alg,
    )) {
      expect(verifies(key, other, message, signature), other).toBe(false);
    }
  });

  test('has a private key that is refused as a public key, and that has the same kid as the public key', () => {
    expect(keyErrorCode(() => PublicKey.from(input.key))).toBe('private_key');
    const own = PrivateKey.from(input.key, { alg });
    expect(own.kid).toBe(key.kid);
    expect(verifies(key, alg, message, own.sign(message))).toBe(true);
    if (reproducible === true) expect(Buffer.from(own.sign(message)).toString('base64url')).toBe(signing.sig);
  });

  test('is refused as a token in every form', async () => {
    const server = frozenServer();
    server.keys.addKey('bilbo', key);
    expect(await server.judge(output.compact as string)).toBe('malformed payload_json');
    for (const form of [output.json, output.json_flat]) {
      expect(await server.judge(JSON.stringify(form))).toBe('malformed header_repeated');
      expect(await server.judge(Buffer.from(JSON.stringify(form)).toString('base64url'))).toBe('malformed not_a_token');
    }
  });
});

describe.each(REFUSED)('%s', (path, compact) => {
  const { output } = read(path);
  const server = frozenServer();

  test('is refused in every form', async () => {
    expect(output.compact === undefined).toBe(compact === null);
    if (output.compact !== undefined) expect(await server.judge(output.compact)).toBe(compact);
    for (const form of [output.json, output.json_flat]) {
      if (form !== undefined) expect(await server.judge(JSON.stringify(form))).toBe('malformed header_repeated');
    }
    expect.hasAssertions();
  });

  test('has a symmetric key that is refused', () => {
    const keys = [read(path).input.key].flat().filter((key) => key.kty === 'oct');
    expect(keys).toHaveLength(1);
    for (const key of keys) {
      expect(keyErrorCode(() => PublicKey.from(key))).toBe('unsupported');
      expect(keyErrorCode(() => PrivateKey.from(key))).toBe('malformed');
    }
  });
});

test('a token with a detached payload is refused, whoever signed it', async () => {
  const server = frozenServer();
  for (const [path] of KEY_PAIRS) {
    const [header, , signature] = (read(path).output.compact as string).split('.');
    expect(await server.judge(`${header}..${signature}`)).toBe('malformed not_a_token');
  }
});
