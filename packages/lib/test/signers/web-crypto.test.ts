/** Signers for keys of the Web Crypto API. */
import { beforeAll, describe, expect, test } from 'vitest';
import { createAuthorization } from '../../src/client.ts';
import { createAuthenticator, memoryKeyStore, memoryNonceStore, PublicKey } from '../../src/index.ts';
import { type WebCryptoKeyPair, webCryptoSigner } from '../../src/signers/web-crypto/web-crypto-signer.ts';
import { signerContract } from '../../src/testing.ts';

const { subtle } = globalThis.crypto;
type Params = Parameters<typeof subtle.generateKey>[0] | RsaHashedKeyGenParams | EcKeyGenParams;
/** Generates a pair. The private key is not extractable. */
const generate = async (params: Params, usages: KeyUsage[] = ['sign', 'verify']) =>
  (await subtle.generateKey(params as EcKeyGenParams, false, usages)) as CryptoKeyPair;
const rsa = (hash: string, modulusLength = 2048, name = 'RSASSA-PKCS1-v1_5'): RsaHashedKeyGenParams => {
  return { name, hash, modulusLength, publicExponent: Uint8Array.of(1, 0, 1) };
};
const messageOf = (pair: unknown): Promise<string> =>
  webCryptoSigner(pair as WebCryptoKeyPair).then(
    () => expect.unreachable(),
    (error) => {
      expect(error).toBeInstanceOf(TypeError);
      return error.message;
    },
  );

describe.each<[string, Params]>([
  ['EdDSA', { name: 'Ed25519' }],
  ['ES256', { name: 'ECDSA', namedCurve: 'P-256' }],
  ['ES384', { name: 'ECDSA', namedCurve: 'P-384' }],
  ['ES512', { name: 'ECDSA', namedCurve: 'P-521' }],
  ['RS512', rsa('SHA-512')],
  ['RS384', rsa('SHA-384')],
  ['RS256', rsa('SHA-256')],
])('webCryptoSigner with a non-extractable key for %s', (alg, params) => {
  const make = async () => {
    const signer = await webCryptoSigner(await generate(params));
    return { signer, publicKey: PublicKey.from(signer.publicKey.toPem()) };
  };
  for (const { name, run } of signerContract({ make })) test(name, run);

  test('signs with its algorithm, and the server accepts the token once', async () => {
    const { signer, publicKey } = await make();
    expect(signer.alg).toBe(alg);
    const keys = memoryKeyStore();
    keys.addKey('guido', publicKey);
    const auth = createAuthenticator({ keys, nonces: memoryNonceStore() });
    const authorization = await createAuthorization({ username: 'guido', key: signer });
    expect(await auth.authenticate({ authorization })).toMatchObject({ ok: true, username: 'guido' });
    expect(await auth.authenticate({ authorization })).toMatchObject({ ok: false, reason: 'replayed' });
  });

  test('exports its public key in the formats of PublicKey', async () => {
    const { signer, publicKey } = await make();
    expect(signer.publicKey.kid).toBe(publicKey.kid);
    expect(signer.publicKey.fingerprint).toBe(publicKey.fingerprint);
    expect(signer.publicKey.toPem()).toBe(publicKey.toPem());
    expect(signer.publicKey.toOpenSsh('laptop')).toBe(publicKey.toOpenSsh('laptop'));
    expect(signer.publicKey.toOpenSsh()).toBe(publicKey.toOpenSsh());
    expect(signer.publicKey.toJwk()).toEqual({ ...publicKey.toJwk(), alg });
    expect(() => signer.publicKey.toOpenSsh('a\u0007b')).toThrow('the comment of the OpenSSH line');
  });
});

describe('webCryptoSigner refuses', () => {
  let pair: CryptoKeyPair;
  let other: CryptoKeyPair;
  beforeAll(async () => {
    [pair, other] = await Promise.all([generate({ name: 'Ed25519' }), generate({ name: 'Ed25519' })]);
  });

  test('values that are not key pairs', async () => {
    const expected = 'keyPair: must be a CryptoKeyPair, or an object with privateKey and publicKey, not ';
    expect(await messageOf(undefined)).toBe(`${expected}undefined`);
    expect(await messageOf(pair.privateKey)).toBe(`${expected}an instance of CryptoKey`);
    expect(await messageOf(Promise.resolve(pair))).toBe(`${expected}a promise; await it first`);
  });

  test('a key in the place of another', async () => {
    expect(await messageOf({ privateKey: pair.publicKey, publicKey: pair.publicKey })).toBe(
      'privateKey: must be a CryptoKey of the type private, not an instance of CryptoKey',
    );
    expect(await messageOf({ privateKey: pair.privateKey, publicKey: pair.privateKey })).toBe(
      'publicKey: must be a CryptoKey of the type public, not an instance of CryptoKey',
    );
    const secret = await subtle.generateKey({ name: 'HMAC', hash: 'SHA-256' }, false, ['sign']);
    expect(await messageOf({ privateKey: secret, publicKey: secret })).toContain('of the type private');
  });

  test('the keys of two pairs', async () => {
    expect(await messageOf({ privateKey: pair.privateKey, publicKey: other.publicKey })).toBe(
      'publicKey: does not belong to privateKey; pass both keys of one pair',
    );
    const { publicKey } = await generate({ name: 'ECDSA', namedCurve: 'P-256' });
    expect(await messageOf({ privateKey: pair.privateKey, publicKey })).toBe(
      'publicKey: its algorithm is ECDSA P-256, but that of privateKey is Ed25519',
    );
  });

  test('keys that cannot sign tokens', async () => {
    const message = 'keys cannot sign tokens; use Ed25519, ECDSA (P-256, P-384 or P-521) or RSASSA-PKCS1-v1_5';
    expect(await messageOf(await generate(rsa('SHA-256', 2048, 'RSA-PSS')))).toContain(`RSA-PSS SHA-256 ${message}`);
    expect(await messageOf(await generate(rsa('SHA-1')))).toContain(`RSASSA-PKCS1-v1_5 SHA-1 ${message}`);
    const x25519 = await generate({ name: 'X25519' }, ['deriveBits']);
    expect(await messageOf(x25519)).toContain(`X25519 ${message}`);
  });

  test('RSA keys that servers refuse because of their size', async () => {
    expect(await messageOf(await generate(rsa('SHA-256', 1024)))).toBe(
      'privateKey: has 1024 bits; an RSA key must have 2048 to 8192',
    );
  });

  test('a private key without the usage sign', async () => {
    // No runtime generates or imports a private key without usages.
    const useless = new Proxy(pair.privateKey, {
      get: (key, name) => (name === 'usages' ? [] : Reflect.get(key, name, key)),
    });
    expect(await messageOf({ privateKey: useless, publicKey: pair.publicKey })).toBe(
      "privateKey: cannot sign; generate or import the key with the usage 'sign'",
    );
  });

  test('a public key that cannot be exported', async () => {
    const jwk = await subtle.exportKey('jwk', pair.publicKey);
    const publicKey = await subtle.importKey('jwk', jwk, { name: 'Ed25519' }, false, ['verify']);
    expect(await messageOf({ privateKey: pair.privateKey, publicKey })).toBe(
      'publicKey: cannot be exported; import it with extractable = true. Only privateKey is secret',
    );
  });
});

test('webCryptoSigner accepts a pair that was generated only to sign', async () => {
  const pair = await generate({ name: 'Ed25519' }, ['sign']);
  expect(pair.publicKey.usages).toEqual([]);
  expect((await webCryptoSigner(pair)).alg).toBe('EdDSA');
});
