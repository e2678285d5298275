/** Keys in Google Cloud KMS: its method asymmetricSign, with the checksums that it asks its callers to compare. */
import type { AlgorithmName } from '../../core/algorithms.ts';
import { checkArgument, checkString, hasMethod } from '../../core/arguments.ts';
import { checkOptions, type OptionKinds } from '../../core/options.ts';
import type { PublicKey } from '../../keys/public-key.ts';
import { crc32c } from './crc32c.ts';
import { KmsError } from './error.ts';
import { type KmsRequest, type KmsSigner, kmsSigner } from './signer.ts';

/** A checksum travels as an Int64Value. */
type Checksum = { readonly value: number };

/** What asymmetricSign takes: a digest, or, for Ed25519, the text itself. */
export type GoogleSignRequest = { readonly name: string } & (
  | { readonly digest: Readonly<Partial<Record<'sha256' | 'sha384' | 'sha512', Uint8Array>>>; digestCrc32c: Checksum }
  | { readonly data: Uint8Array; readonly dataCrc32c: Checksum }
);

/** What of its answer is read. */
export interface GoogleSignResponse {
  readonly signature?: Uint8Array | string | null | undefined;
  readonly signatureCrc32c?: { readonly value?: unknown } | null | undefined;
  readonly verifiedDigestCrc32c?: boolean | null | undefined;
  readonly verifiedDataCrc32c?: boolean | null | undefined;
}

/** `KeyManagementServiceClient` of `@google-cloud/kms` is one. */
export interface GoogleKmsClient {
  asymmetricSign(request: GoogleSignRequest): Promise<readonly [GoogleSignResponse, ...unknown[]]>;
}

/** Which key of Google Cloud KMS. */
export interface GoogleKmsSignerOptions {
  readonly client: GoogleKmsClient;
  /** `projects/…/locations/…/keyRings/…/cryptoKeys/…/cryptoKeyVersions/…` */
  readonly name: string;
  /** The public half of this version: what `getPublicKey` returns. */
  readonly publicKey: PublicKey;
  /** The algorithm that the version was made for, where that is not the first of the public key: `RS256`, say. */
  readonly alg?: AlgorithmName;
}

const OPTIONS: OptionKinds<GoogleKmsSignerOptions> = {
  client: 'object',
  name: 'text',
  publicKey: 'object',
  alg: 'text',
};

/** Names of digests, by their length in bytes. */
const DIGESTS: Readonly<Record<number, string>> = { 32: 'sha256', 48: 'sha384', 64: 'sha512' };

/**
 * Signs with a version of a key in Google Cloud KMS, of the purpose ASYMMETRIC_SIGN: RSA, P-256, P-384 or Ed25519.
 *
 * @param options - {@link GoogleKmsSignerOptions}
 * @returns a signer whose `sign` rejects with a `KmsError`
 * @throws TypeError for a wrong option
 * @throws KmsError `unsupported` for a P-521 key
 */
export function googleKmsSigner(options: GoogleKmsSignerOptions): KmsSigner {
  checkOptions(options, OPTIONS);
  const { client, name, publicKey, alg } = options;
  const a = 'a KeyManagementServiceClient of @google-cloud/kms';
  checkArgument(hasMethod(client, 'asymmetricSign'), 'option client', a, client);
  checkString('option name', name);
  if (publicKey?.curve === 'P-521') throw new KmsError('unsupported', 'Google Cloud KMS has no P-521 keys');
  return kmsSigner({
    publicKey,
    ...(alg === undefined ? {} : { alg }),
    ecdsa: 'der',
    async sign(request) {
      const [answer] = await client.asymmetricSign({ name, ...contentOf(request) });
      const { signature } = answer;
      if (!(signature instanceof Uint8Array)) throw new KmsError('bad_answer', 'the answer has no signature');
      const received = request.digest === undefined ? answer.verifiedDataCrc32c : answer.verifiedDigestCrc32c;
      if (received !== true || Number(answer.signatureCrc32c?.value ?? Number.NaN) !== crc32c(signature)) {
        throw new KmsError('bad_answer', 'a checksum differs: the request or the answer was damaged on its way');
      }
      return signature;
    },
  });
}

function contentOf({ bytes, digest }: KmsRequest) {
  if (digest === undefined) return { data: bytes, dataCrc32c: { value: crc32c(bytes) } };
  return { digest: { [DIGESTS[digest.length] as string]: digest }, digestCrc32c: { value: crc32c(digest) } };
}
