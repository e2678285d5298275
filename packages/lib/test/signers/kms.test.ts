/** Signers for key management services: the requests that they send, and the responses that they accept. */

import { hasProgram } from 'ajwt-testkit/command';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createAuthorization } from '../../src/client.ts';
import { type AlgorithmName, algorithm } from '../../src/core/algorithms.ts';
import { ecdsaDer } from '../../src/core/ecdsa-der.ts';
import { createAuthenticator, memoryKeyStore, memoryNonceStore, PrivateKey, PublicKey } from '../../src/index.ts';
import {
  awsKmsSigner,
  azureKeyVaultSigner,
  googleKmsSigner,
  KmsError,
  type KmsSigner,
  kmsSigner,
  vaultSigner,
} from '../../src/kms.ts';
import { crc32c } from '../../src/signers/kms/crc32c.ts';
import { signerContract } from '../../src/testing.ts';
import { AWS_KEY_ID, atEnd, awsKms, GOOGLE_NAME, googleKms, HeldKey } from './kms-services.ts';
import { type Seen, startVault, transitSign, type Vault } from './vault-service.ts';

const text = Buffer.from('header.payload');

/** Returns the error of a signature that must fail. */
const errorOf = (signing: Promise<unknown>): Promise<KmsError> =>
  signing.then(
    () => expect.unreachable(),
    (error) => {
      expect(error).toBeInstanceOf(KmsError);
      return error;
    },
  );

/** Makes a private key for an algorithm. */
async function keyFor(alg: AlgorithmName): Promise<PrivateKey> {
  const { keyType, curve } = algorithm(alg);
  if (keyType === 'ed25519') return PrivateKey.generate();
  if (keyType === 'ec') return PrivateKey.generate('ec', { curve: curve as 'P-256' });
  return PrivateKey.generate('rsa', { bits: 2048, alg });
}

/** Returns the public key as registered on the server: an RSA key for PSS must name its algorithm. */
const publicOf = (key: PrivateKey, alg: AlgorithmName) =>
  PublicKey.from(key.publicKey.toPem(), alg.startsWith('PS') ? { alg } : {});

type Make = (held: HeldKey, publicKey: PublicKey, alg: AlgorithmName) => KmsSigner;
const SERVICES: readonly (readonly [string, readonly AlgorithmName[], Make])[] = [
  [
    'AWS KMS',
    ['RS512', 'PS384', 'ES512', 'EdDSA'],
    (held, publicKey, alg) => awsKmsSigner({ client: awsKms(held), keyId: AWS_KEY_ID, publicKey, alg }),
  ],
  [
    'Google Cloud KMS',
    ['RS256', 'ES256', 'EdDSA'],
    (held, publicKey, alg) => googleKmsSigner({ client: googleKms(held, alg), name: GOOGLE_NAME, publicKey, alg }),
  ],
  [
    'Azure Key Vault',
    ['RS512', 'ES256'],
    (held, publicKey, alg) =>
      azureKeyVaultSigner({
        client: {
          async sign(name, digest) {
            expect(name).toBe(alg);
            const signature = held.signDigest(alg, digest);
            return { result: alg.startsWith('ES') ? rawOf(signature, publicKey) : signature, algorithm: name };
          },
        },
        publicKey,
        alg,
      }),
  ],
];

/** Converts a DER signature to r‖s, the format of Key Vault. */
function rawOf(der: Uint8Array, { signatureLength }: PublicKey): Uint8Array {
  const half = signatureLength / 2;
  const start = der[1] === 0x81 ? 3 : 2;
  const middle = start + 2 + (der[start + 1] as number);
  const fit = (number: Uint8Array) => Buffer.concat([Buffer.alloc(half), number]).subarray(-half);
  return Buffer.concat([fit(der.subarray(start + 2, middle)), fit(der.subarray(middle + 2))]);
}

async function letsIn(key: KmsSigner): Promise<void> {
  const keys = memoryKeyStore();
  keys.addKey('guido', key.publicKey);
  const auth = createAuthenticator({ keys, nonces: memoryNonceStore() });
  const authorization = await createAuthorization({ username: 'guido', key });
  expect(await auth.authenticate({ authorization })).toMatchObject({ ok: true, username: 'guido' });
}

const there = process.env.AJWT_TEST_ALL !== undefined || hasProgram('openssl', 'version');
describe.skipIf(!there).each(SERVICES)('%s signer (skipped without openssl)', (service, algs, make) => {
  describe.each(algs)('with %s', (alg) => {
    let signer: KmsSigner;
    beforeAll(async () => {
      const key = await keyFor(alg);
      signer = make(new HeldKey(key), publicOf(key, alg), alg);
    });
    const cases = signerContract({
      make: () => ({ signer, publicKey: signer.publicKey }),
      ...(service === 'AWS KMS' && alg === 'EdDSA' ? { longest: 4096 } : {}),
    });
    for (const { name, run } of cases) test(name, run);

    test('a server accepts its token', async () => {
      expect(signer.alg).toBe(alg);
      await letsIn(signer);
    });
  });
});

describe('a signer for Vault', () => {
  describe.each(['RS512', 'PS256', 'ES256', 'ES512', 'EdDSA'] as const)('with %s', (alg) => {
    let vault: Vault;
    let signer: KmsSigner;
    beforeAll(async () => {
      const key = await keyFor(alg);
      vault = await startVault((seen, response) => {
        expect(seen.url).toBe('/v1/transit/sign/deploy');
        response.end(transitSign(key, seen));
      });
      const publicKey = publicOf(key, alg);
      signer = vaultSigner({ address: vault.address, token: 'hvs.secret', name: 'deploy', publicKey, alg });
    });
    afterAll(() => vault.stop());
    for (const { name, run } of signerContract({ make: () => ({ signer, publicKey: signer.publicKey }) })) {
      test(name, run);
    }
    test('a server accepts its token', () => letsIn(signer));
  });

  /** Starts a Vault with the given handler, and makes a signer for it. */
  async function signerOf(
    answer: Parameters<typeof startVault>[0],
    options: Partial<Parameters<typeof vaultSigner>[0]> = {},
    key?: PrivateKey,
  ) {
    const vault = await startVault(answer);
    atEnd(() => vault.stop());
    const { publicKey } = key ?? (await PrivateKey.generate());
    return {
      vault,
      signer: vaultSigner({ address: vault.address, token: 'hvs.secret', name: 'deploy', publicKey, ...options }),
    };
  }

  test('uses mount, namespace and version, and calls the token function for each signature', async () => {
    const key = await PrivateKey.generate();
    const tokens = ['hvs.one\n', 'hvs.two'];
    const options = {
      mount: 'teams/a b',
      name: 'deploy/key',
      namespace: 'team-a',
      version: 3,
      token: async () => tokens.shift() as string,
    };
    const { vault, signer } = await signerOf(
      (seen, response) => {
        const { key_version, ...body } = seen.body;
        expect(key_version).toBe(3);
        response.end(transitSign(key, { ...seen, body }));
      },
      options,
      key,
    );
    await signer.sign(text);
    await signer.sign(text);
    const facts = ({ url, headers }: Seen) => [url, headers['x-vault-namespace'], headers['x-vault-token']];
    expect(vault.seen.map(facts)).toEqual([
      ['/v1/teams/a%20b/sign/deploy%2Fkey', 'team-a', 'hvs.one'],
      ['/v1/teams/a%20b/sign/deploy%2Fkey', 'team-a', 'hvs.two'],
    ]);
  });

  test('fails with a message that contains the errors of Vault, but not the token', async () => {
    const { signer } = await signerOf((_seen, response) => {
      response.statusCode = 403;
      response.end(JSON.stringify({ errors: ['permission denied\u001b[2J', 7] }));
    });
    const error = await errorOf(signer.sign(text));
    expect([error.code, error.message]).toEqual([
      'not_signed',
      'Vault responds with status 403: permission denied\\u{1b}[2J',
    ]);
  });

  test.each<readonly [string, number, string]>([
    ['HTML', 500, '<html>'],
    ['JSON with a string instead of an array', 503, '{"errors":"sealed"}'],
  ])('fails with the status if the error response is %s', async (_what, status, body) => {
    const { signer } = await signerOf((_seen, response) => {
      response.statusCode = status;
      response.end(body);
    });
    const { code, message } = await errorOf(signer.sign(text));
    expect([code, message]).toEqual(['not_signed', `Vault responds with status ${status}`]);
  });

  test('follows no redirect, because the target would receive the token', async () => {
    const elsewhere = await startVault((_seen, response) => response.end());
    atEnd(() => elsewhere.stop());
    const { signer } = await signerOf((_seen, response) => {
      response.writeHead(307, { location: `${elsewhere.address}/v1/transit/sign/deploy` }).end();
    });
    expect(await errorOf(signer.sign(text))).toMatchObject({ code: 'not_signed' });
    expect(elsewhere.seen).toEqual([]);
  });

  test('reports a response that does not start, does not end, or is cut off', async () => {
    const silent = await signerOf(() => {}, { timeoutSeconds: 0.1 });
    expect(await errorOf(silent.signer.sign(text))).toMatchObject({ code: 'timed_out' });
    const slow = await signerOf((_seen, response) => response.write('{'), { timeoutSeconds: 0.1 });
    expect(await errorOf(slow.signer.sign(text))).toMatchObject({ code: 'timed_out' });
    const gone = await signerOf((_seen, response) => response.destroy());
    const error = await errorOf(gone.signer.sign(text));
    expect([error.code, error.message]).toEqual(['not_signed', `cannot reach Vault at ${gone.vault.address}`]);
  });

  const signature = Buffer.alloc(64).toString('base64url');
  test.each<readonly [string, string]>([
    ['HTML', '<html>'],
    ['empty', ''],
    [
      'longer than the limit',
      JSON.stringify({ data: { signature: `vault:v1:${signature}` }, more: 'x'.repeat(70_000) }),
    ],
    ['null', 'null'],
    ['JSON without data', '{}'],
    ['a signature that is not a string', '{"data":{"signature":7}}'],
    ['a signature without a version', JSON.stringify({ data: { signature: `vault:${signature}` } })],
    ['a signature in standard base64', JSON.stringify({ data: { signature: `vault:v1:${'+'.repeat(86)}` } })],
    [
      'a signature with unused bits that are not zero',
      JSON.stringify({ data: { signature: `vault:v1:${signature.slice(0, -1)}B` } }),
    ],
    ['an invalid signature', JSON.stringify({ data: { signature: `vault:v1:${signature}` } })],
  ])('refuses a response that is %s', async (_what, body) => {
    const { signer } = await signerOf((_seen, response) => response.end(body));
    expect(await errorOf(signer.sign(text))).toMatchObject({ code: 'bad_answer' });
  });

  test.each(['', '  ', 'two words', 'new\nline', 'naïve'])('does not send the token %j', async (token) => {
    const { vault, signer } = await signerOf(() => {}, { token: () => token });
    const error = await errorOf(signer.sign(text));
    expect([error.code, error.message, error.cause]).toEqual([
      'not_signed',
      expect.stringContaining('token for Vault'),
      undefined,
    ]);
    expect(vault.seen).toEqual([]);
  });

  test('refuses wrong options', async () => {
    const { publicKey } = await PrivateKey.generate();
    const right = { address: 'https://vault.example.com', token: 't', name: 'n', publicKey };
    vaultSigner(right);
    for (const address of ['http://localhost:8200', 'http://127.0.0.1:8200/', 'http://[::1]:8200', 'https://v/ui/']) {
      vaultSigner({ ...right, address });
    }
    for (const wrong of [
      { address: 'http://vault.example.com:8200' },
      { address: 'http://127.0.0.1.example.com' },
      { address: 'https://me:secret@vault.example.com' },
      { address: 'https://vault.example.com/?a=b' },
      { address: 'ftp://127.0.0.1' },
      { address: 'vault' },
      { address: undefined },
      { token: '' },
      { token: undefined },
      { name: '..' },
      { name: undefined },
      { mount: 'a//b' },
      { mount: '../sys' },
      { version: 0 },
      { version: 1.5 },
      { timeoutSeconds: 0 },
      { publicKey: undefined },
      { fetch: 'fetch' },
      { adress: 'x' },
    ]) {
      expect(() => vaultSigner({ ...right, ...wrong } as never), JSON.stringify(wrong)).toThrow(TypeError);
    }
  });
});

describe('kmsSigner', () => {
  test('signs with the first algorithm of the key by default', async () => {
    const key = await PrivateKey.generate('rsa', { bits: 2048 });
    const signer = kmsSigner({ publicKey: key.publicKey, sign: ({ bytes }) => key.sign(bytes) });
    expect([signer.alg, signer.kid]).toEqual(['RS512', key.kid]);
    await letsIn(signer);
  });

  test('refuses wrong options', async () => {
    const { publicKey } = await PrivateKey.generate();
    const right = { publicKey, sign: () => new Uint8Array(64) };
    kmsSigner(right);
    for (const wrong of [
      { publicKey: undefined },
      { publicKey: { algorithms: ['EdDSA'] } },
      { publicKey: publicKey.toPem() },
      { sign: undefined },
      { sign: 'x' },
      { alg: 'RS512' },
      { alg: 'HS256' },
      { ecdsa: 'DER' },
      { key: 'x' },
    ]) {
      expect(() => kmsSigner({ ...right, ...wrong } as never), Object.keys(wrong)[0]).toThrow(TypeError);
    }
    const client = { sign: async () => ({ Signature: new Uint8Array(64) }) };
    for (const wrong of [{ client: undefined }, { client: {} }, { keyId: undefined }, { keyid: 'x' }]) {
      expect(() => awsKmsSigner({ client, keyId: 'k', publicKey, ...wrong } as never)).toThrow(TypeError);
    }
    const google = { asymmetricSign: async () => [{}] as const };
    for (const wrong of [{ client: undefined }, { client: {} }, { name: undefined }, { nam: 'x' }]) {
      expect(() => googleKmsSigner({ client: google, name: 'n', publicKey, ...wrong } as never)).toThrow(TypeError);
    }
    const { publicKey: ec } = await PrivateKey.generate('ec');
    for (const wrong of [{ client: undefined }, { client: {} }, { publicKey: undefined }, { Client: 'x' }]) {
      const options = { client: { sign: async () => ({ result: new Uint8Array(64) }) }, publicKey: ec, ...wrong };
      expect(() => azureKeyVaultSigner(options as never)).toThrow(TypeError);
    }
  });

  test('refuses keys that the service does not support', async () => {
    const { publicKey: ed25519 } = await PrivateKey.generate();
    const { publicKey: p521 } = await PrivateKey.generate('ec', { curve: 'P-521' });
    const azure = { sign: () => expect.unreachable() };
    expect(() => azureKeyVaultSigner({ client: azure, publicKey: ed25519 })).toThrow(
      expect.objectContaining({ name: 'KmsError', code: 'unsupported' }),
    );
    const google = { asymmetricSign: () => expect.unreachable() };
    expect(() => googleKmsSigner({ client: google, name: GOOGLE_NAME, publicKey: p521 })).toThrow(
      expect.objectContaining({ name: 'KmsError', code: 'unsupported' }),
    );
  });

  test('for AWS KMS, refuses to sign more than 4096 bytes with Ed25519', async () => {
    const key = await PrivateKey.generate();
    const signer = awsKmsSigner({ client: awsKms(new HeldKey(key)), keyId: AWS_KEY_ID, publicKey: key.publicKey });
    expect(await signer.sign(Buffer.alloc(4096, 'a'))).toHaveLength(64);
    expect(await errorOf(signer.sign(Buffer.alloc(4097, 'a')))).toMatchObject({ code: 'unsupported' });
  });

  test.each<readonly [string, (key: PrivateKey, other: PrivateKey) => unknown]>([
    ['the signature of another text', (key) => key.sign(Buffer.from('another.text'))],
    ['the signature of another key', (_key, other) => other.sign(text)],
    ['a signature without its first byte', (key) => key.sign(text).subarray(1)],
    ['a signature with a byte after it', (key) => Buffer.concat([key.sign(text), Buffer.alloc(1)])],
    ['DER instead of r‖s', (key) => ecdsaDer(key.sign(text))],
    ['no bytes', () => new Uint8Array(0)],
    ['a string in base64', (key) => Buffer.from(key.sign(text)).toString('base64')],
    ['undefined', () => undefined],
  ])('refuses the result of the service if it is %s', async (_what, answer) => {
    const [key, other] = await Promise.all([PrivateKey.generate('ec'), PrivateKey.generate('ec')]);
    const signer = kmsSigner({ publicKey: key.publicKey, sign: () => answer(key, other) as Uint8Array });
    expect(await errorOf(signer.sign(text))).toMatchObject({ code: 'bad_answer' });
  });

  test('refuses a signature with a different hash or padding', async () => {
    const key = await PrivateKey.generate('rsa', { bits: 2048 });
    for (const alg of ['RS256', 'PS512'] as const) {
      const other = PrivateKey.from(key.toPem(), { alg });
      const signer = kmsSigner({ publicKey: key.publicKey, sign: ({ bytes }) => other.sign(bytes) });
      expect(await errorOf(signer.sign(text))).toMatchObject({ code: 'bad_answer' });
    }
  });

  test.each<readonly [string, (der: Uint8Array) => Uint8Array]>([
    ['without any bytes', () => new Uint8Array(0)],
    ['of one byte', () => Uint8Array.of(0x30)],
    ['with a byte after it', (der) => Buffer.concat([der, Buffer.alloc(1)])],
    ['without its last byte', (der) => der.subarray(0, -1)],
    ['with another tag', (der) => Buffer.concat([Buffer.of(0x31), der.subarray(1)])],
    ['with its length in two bytes', (der) => Buffer.concat([Buffer.of(0x30, 0x81), der.subarray(1)])],
    [
      'with a wrong length',
      (der) => Buffer.concat([der.subarray(0, 1), Buffer.of((der[1] as number) + 1), der.subarray(2)]),
    ],
    [
      'with an r of 33 bytes',
      () => Buffer.concat([Buffer.of(0x30, 38, 2, 33), Buffer.alloc(33, 1), Buffer.of(2, 1, 1)]),
    ],
    ['with an r of 255 bytes', () => Buffer.concat([Buffer.of(0x30, 6, 2, 255, 1, 2, 1, 1), Buffer.alloc(260, 1)])],
    ['with an extra leading zero in r', () => Buffer.of(0x30, 7, 2, 2, 0, 1, 2, 1, 1)],
    ['with a negative r', () => Buffer.of(0x30, 6, 2, 1, 0x81, 2, 1, 1)],
    ['in the format r‖s', () => new Uint8Array(64).fill(1)],
    ['with r and s of zero', () => Buffer.of(0x30, 6, 2, 1, 0, 2, 1, 0)],
  ])('refuses a DER signature %s', async (_what, change) => {
    const key = await PrivateKey.generate('ec');
    const der = ecdsaDer(key.sign(text));
    const signer = kmsSigner({ publicKey: key.publicKey, ecdsa: 'der', sign: () => change(der) });
    expect(await errorOf(signer.sign(text))).toMatchObject({ code: 'bad_answer' });
    const right = kmsSigner({ publicKey: key.publicKey, ecdsa: 'der', sign: () => der });
    expect(await right.sign(text)).toHaveLength(64);
  });

  test('fails with the error of the service as cause, and with its message without control characters', async () => {
    const { publicKey } = await PrivateKey.generate();
    const cause = new Error('AccessDenied\u001b[2J');
    const error = await errorOf(kmsSigner({ publicKey, sign: () => Promise.reject(cause) }).sign(text));
    expect([error.code, error.message, error.cause]).toEqual([
      'not_signed',
      'the service did not sign: AccessDenied\\u{1b}[2J',
      cause,
    ]);
    const thrown = kmsSigner({
      publicKey,
      sign() {
        throw 'a text';
      },
    });
    expect(await errorOf(thrown.sign(text))).toMatchObject({ code: 'not_signed', cause: 'a text' });
  });

  test('signs the bytes that were passed, even if the caller changes them afterwards', async () => {
    const key = await PrivateKey.generate();
    const bytes = Buffer.from(text);
    const signer = kmsSigner({
      publicKey: key.publicKey,
      async sign(request) {
        await Promise.resolve();
        const signature = key.sign(request.bytes);
        request.bytes.fill(0);
        return signature;
      },
    });
    const signing = signer.sign(bytes);
    bytes.fill(0);
    expect(await signing).toEqual(key.sign(text));
  });
});

describe('googleKmsSigner', () => {
  test('computes CRC-32C as in the examples of RFC 3720 §B.4', () => {
    expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
    expect(crc32c(new Uint8Array(32).fill(0xff))).toBe(0x62a8ab43);
    expect(crc32c(Uint8Array.from({ length: 32 }, (_none, at) => at))).toBe(0x46dd794e);
    expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283);
  });

  test.each<readonly [string, Parameters<typeof googleKms>[2], boolean]>([
    [
      'accepts a checksum as a Long object',
      (answer) => ({ ...answer, signatureCrc32c: { value: { toString: () => answer.signatureCrc32c?.value } } }),
      true,
    ],
    ['refuses a wrong checksum', (answer) => ({ ...answer, signatureCrc32c: { value: '7' } }), false],
    ['refuses a response without a checksum', ({ signatureCrc32c: _none, ...answer }) => answer, false],
    ['refuses a checksum without a value', (answer) => ({ ...answer, signatureCrc32c: {} }), false],
    [
      'refuses a response that does not confirm the checksum of the request',
      (answer) => ({ ...answer, verifiedDataCrc32c: false }),
      false,
    ],
    [
      'refuses a response that confirms another checksum',
      (answer) => ({ ...answer, verifiedDataCrc32c: false, verifiedDigestCrc32c: true }),
      false,
    ],
    ['refuses a response without a signature', (answer) => ({ ...answer, signature: null }), false],
    ['refuses a signature in base64', (answer) => ({ ...answer, signature: 'AAAA' }), false],
  ])('%s', async (_what, change, taken) => {
    const key = await PrivateKey.generate();
    const client = googleKms(new HeldKey(key), 'EdDSA', change);
    const signing = googleKmsSigner({ client, name: GOOGLE_NAME, publicKey: key.publicKey }).sign(text);
    if (taken) expect(await signing).toHaveLength(64);
    else expect(await errorOf(signing)).toMatchObject({ code: 'bad_answer' });
  });
});
