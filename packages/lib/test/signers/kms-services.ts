/** Fake key management services: each accepts only documented parameters, and signs with a real key. */
import { execFileSync } from 'node:child_process';
import { constants, createECDH, privateEncrypt, sign as signText } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { type AlgorithmName, algorithm } from '../../src/core/algorithms.ts';
import { ecdsaDer } from '../../src/core/ecdsa-der.ts';
import type { PrivateKey } from '../../src/index.ts';
import type { AwsKmsClient, AwsSignInput, GoogleKmsClient, GoogleSignResponse } from '../../src/kms.ts';
import { crc32c } from '../../src/signers/kms/crc32c.ts';

/** The bytes before the digest in a PKCS #1 signature (RFC 8017 §9.2, note 1). */
const DIGEST_INFO: Readonly<Record<string, string>> = {
  sha256: '3031300d060960864801650304020105000420',
  sha512: '3051300d060960864801650304020305000440',
};

/** The curves of ES256 and ES512, with their names in OpenSSL and their orders (FIPS 186-4 §D.1.2). */
const CURVES: Readonly<Record<string, readonly [name: string, order: bigint]>> = {
  ES256: ['prime256v1', 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n],
  ES512: [
    'secp521r1',
    0x1fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409n,
  ],
};

const folder = mkdtempSync(join(tmpdir(), 'ajwt-kms-'));
process.on('exit', () => rmSync(folder, { recursive: true }));

/** A key that signs digests, which node:crypto supports only for PKCS #1. Its ECDSA signatures are in DER. */
export class HeldKey {
  readonly key: PrivateKey;
  readonly #file: string;

  constructor(key: PrivateKey) {
    this.key = key;
    this.#file = join(folder, `${key.kid}.pem`);
    writeFileSync(this.#file, key.toPem(), { mode: 0o600 });
  }

  signDigest(alg: AlgorithmName, digest: Uint8Array): Uint8Array {
    const { hash } = algorithm(alg);
    expect(digest).toHaveLength({ sha256: 32, sha384: 48, sha512: 64 }[hash as 'sha256']);
    if (alg.startsWith('ES')) return ecdsaDer(signEcdsa(alg, this.key, digest));
    if (alg.startsWith('RS')) {
      const padded = { key: this.key.toPem(), padding: constants.RSA_PKCS1_PADDING };
      return privateEncrypt(padded, Buffer.concat([Buffer.from(DIGEST_INFO[hash as string] as string, 'hex'), digest]));
    }
    const words = [`digest:${hash}`, 'rsa_padding_mode:pss', 'rsa_pss_saltlen:digest'];
    const options = words.flatMap((one) => ['-pkeyopt', one]);
    return execFileSync('openssl', ['pkeyutl', '-sign', '-inkey', this.#file, ...options], { input: digest });
  }

  signEd25519(text: Uint8Array): Uint8Array {
    return signText(null, text, this.key.toPem());
  }
}

/** Signs a digest that is no longer than the order of the curve (FIPS 186-5 §6.4.1). @returns r‖s */
function signEcdsa(alg: AlgorithmName, key: PrivateKey, digest: Uint8Array): Uint8Array {
  const [curve, order] = CURVES[alg] as (typeof CURVES)[string];
  const point = createECDH(curve);
  const half = (point.generateKeys().length - 1) / 2;
  const r = numberOf(point.getPublicKey().subarray(1, 1 + half)) % order;
  const secret = numberOf(Buffer.from(key.toJwk().d as string, 'base64url'));
  const s = (inverse(numberOf(point.getPrivateKey()), order) * (numberOf(digest) + r * secret)) % order;
  return Buffer.from([r, s].map((number) => number.toString(16).padStart(2 * half, '0')).join(''), 'hex');
}

const numberOf = (bytes: Uint8Array) => BigInt(`0x${Buffer.from(bytes).toString('hex')}`);

/** Returns the inverse of a number modulo a prime (extended Euclidean algorithm). */
function inverse(number: bigint, prime: bigint): bigint {
  let [a, b, x, y] = [number, prime, 1n, 0n];
  while (b !== 0n) [a, b, x, y] = [b, a % b, y, x - (a / b) * y];
  return ((x % prime) + prime) % prime;
}

const AWS_DIGESTS: Readonly<Record<string, AlgorithmName>> = {
  RSASSA_PKCS1_V1_5_SHA_512: 'RS512',
  RSASSA_PKCS1_V1_5_SHA_384: 'RS384',
  RSASSA_PKCS1_V1_5_SHA_256: 'RS256',
  RSASSA_PSS_SHA_512: 'PS512',
  RSASSA_PSS_SHA_384: 'PS384',
  RSASSA_PSS_SHA_256: 'PS256',
  ECDSA_SHA_256: 'ES256',
  ECDSA_SHA_384: 'ES384',
  ECDSA_SHA_512: 'ES512',
};

export const AWS_KEY_ID = 'arn:aws:kms:us-east-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab';

/** Makes a fake of the operation Sign of AWS KMS. */
export function awsKms(held: HeldKey): AwsKmsClient {
  return {
    async sign({ KeyId, Message, MessageType, SigningAlgorithm, ...others }: AwsSignInput) {
      expect(KeyId).toBe(AWS_KEY_ID);
      expect(others).toEqual({});
      expect(Message.length).toBeLessThanOrEqual(4096);
      if (SigningAlgorithm === 'ED25519_SHA_512') {
        expect(MessageType).toBe('RAW');
        return { Signature: held.signEd25519(Message), KeyId, SigningAlgorithm };
      }
      expect(MessageType).toBe('DIGEST');
      const Signature = held.signDigest(AWS_DIGESTS[SigningAlgorithm] as AlgorithmName, Message);
      return { Signature, KeyId, SigningAlgorithm };
    },
  };
}

export const GOOGLE_NAME = 'projects/p/locations/global/keyRings/r/cryptoKeys/k/cryptoKeyVersions/1';

/** Makes a fake of the method asymmetricSign of Google Cloud KMS, with a key for one algorithm; `change` can damage its responses. */
export function googleKms(
  held: HeldKey,
  alg: AlgorithmName,
  change: (answer: GoogleSignResponse) => GoogleSignResponse = (answer) => answer,
): GoogleKmsClient {
  return {
    async asymmetricSign(request) {
      expect(request.name).toBe(GOOGLE_NAME);
      const { hash } = algorithm(alg);
      let signature: Uint8Array;
      let verified: GoogleSignResponse;
      if ('data' in request) {
        expect([hash, Object.keys(request).sort()]).toEqual([null, ['data', 'dataCrc32c', 'name']]);
        expect(request.dataCrc32c.value).toBe(crc32c(request.data));
        signature = held.signEd25519(request.data);
        verified = { verifiedDataCrc32c: true, verifiedDigestCrc32c: false };
      } else {
        expect(Object.keys(request).sort()).toEqual(['digest', 'digestCrc32c', 'name']);
        expect(Object.keys(request.digest)).toEqual([hash]);
        const digest = request.digest[hash as 'sha256'] as Uint8Array;
        expect(request.digestCrc32c.value).toBe(crc32c(digest));
        signature = held.signDigest(alg, digest);
        verified = { verifiedDataCrc32c: false, verifiedDigestCrc32c: true };
      }
      // The type is Int64Value: the client returns a string, because a number cannot hold every value.
      const signatureCrc32c = { value: String(crc32c(signature)) };
      return [change({ signature, signatureCrc32c, ...verified }), undefined, undefined] as const;
    },
  };
}

/** Runs a function when the test ends. */
export function atEnd(undo: () => unknown): void {
  onTestFinished(async () => {
    await undo();
  });
}
