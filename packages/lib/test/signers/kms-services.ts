/** Stand-ins for key management services: each takes only what its documentation has, and signs with a real key. */
import { execFileSync } from 'node:child_process';
import { sign as signText } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { type AlgorithmName, algorithm } from '../../src/core/algorithms.ts';
import type { PrivateKey } from '../../src/index.ts';
import type { AwsKmsClient, AwsSignInput, GoogleKmsClient, GoogleSignResponse } from '../../src/kms.ts';
import { crc32c } from '../../src/signers/kms/crc32c.ts';

/** What `openssl pkeyutl` needs to know to sign a digest, by JWS algorithm. */
const SCHEME: Readonly<Record<string, readonly string[]>> = {
  RS: ['rsa_padding_mode:pkcs1'],
  PS: ['rsa_padding_mode:pss', 'rsa_pss_saltlen:digest'],
  ES: [],
};

const folder = mkdtempSync(join(tmpdir(), 'ajwt-kms-'));
process.on('exit', () => rmSync(folder, { recursive: true }));

/** A key that signs digests, which node:crypto does not: openssl does, and writes ECDSA as DER. */
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
    const options = [`digest:${hash}`, ...(SCHEME[alg.slice(0, 2)] as string[])].flatMap((one) => ['-pkeyopt', one]);
    return execFileSync('openssl', ['pkeyutl', '-sign', '-inkey', this.#file, ...options], { input: digest });
  }

  signEd25519(text: Uint8Array): Uint8Array {
    return signText(null, text, this.key.toPem());
  }
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

/** AWS KMS, operation Sign. */
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

/** Google Cloud KMS, method asymmetricSign, for a version of one algorithm; `change` damages its answers. */
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
      // Int64Value: the client returns a text where a number might not hold it.
      const signatureCrc32c = { value: String(crc32c(signature)) };
      return [change({ signature, signatureCrc32c, ...verified }), undefined, undefined] as const;
    },
  };
}

/** Runs something when the test ends. */
export function atEnd(undo: () => unknown): void {
  onTestFinished(async () => {
    await undo();
  });
}
