/** Signs with keys in Google Cloud KMS, using its method asymmetricSign. Compares checksums, as Google recommends. */
import type { AlgorithmName } from '../../core/algorithms.ts';
import { checkArgument, checkString, hasMethod } from '../../core/arguments.ts';
import { checkOptions, type OptionKinds } from '../../core/options.ts';
import type { PublicKey } from '../../keys/public-key.ts';
import { crc32c } from './crc32c.ts';
import { KmsError } from './error.ts';
import { type KmsRequest, type KmsSigner, kmsSigner } from './signer.ts';

/** A checksum, sent as an Int64Value. */
type Checksum = { readonly value: number };

/** The input of asymmetricSign: a digest, or the text itself for Ed25519. */
export type GoogleSignRequest = { readonly name: string } & (
  | { readonly digest: Readonly<Partial<Record<'sha256' | 'sha384' | 'sha512', Uint8Array>>>; digestCrc32c: Checksum }
  | { readonly data: Uint8Array; readonly dataCrc32c: Checksum }
);

/** The part of the response to asymmetricSign that is used. */
export interface GoogleSignResponse {
  readonly signature?: Uint8Array | string | null | undefined;
  readonly signatureCrc32c?: { readonly value?: unknown } | null | undefined;
  readonly verifiedDigestCrc32c?: boolean | null | undefined;
  readonly verifiedDataCrc32c?: boolean | null | undefined;
}

/** The part of `KeyManagementServiceClient` of `@google-cloud/kms` that is used. */
export interface GoogleKmsClient {
  asymmetricSign(request: GoogleSignRequest): Promise<readonly [GoogleSignResponse, ...unknown[]]>;
}

/** Options of {@link googleKmsSigner}. */
export interface GoogleKmsSignerOptions {
  readonly client: GoogleKmsClient;
  /** `projects/…/locations/…/keyRings/…/cryptoKeys/…/cryptoKeyVersions/…` */
  readonly name: string;
  /** The public key of this version, as `getPublicKey` returns it. */
  readonly publicKey: PublicKey;
  /** The algorithm of this version, such as `RS256`. Default: the first algorithm of the public key. */
  readonly alg?: AlgorithmName;
}

const OPTIONS: OptionKinds<GoogleKmsSignerOptions> = {
  client: 'object',
  name: 'text',
  publicKey: 'object',
  alg: 'text',
};

/** Maps the length of a digest in bytes to Google's name for the hash. */
const DIGESTS: Readonly<Record<number, string>> = { 32: 'sha256', 48: 'sha384', 64: 'sha512' };

/**
 * Makes a signer for a key version in Google Cloud KMS. The key must have the purpose ASYMMETRIC_SIGN, and be an RSA, P-256, P-384 or
 * Ed25519 key.
 *
 * @param options - {@link GoogleKmsSignerOptions}
 * @returns a signer whose `sign` rejects with a `KmsError`
 * @throws TypeError for an unknown or invalid option
 * @throws KmsError `unsupported` for a P-521 key
 * @example
 * ```ts no-run: needs Google Cloud KMS
 * import { PublicKey } from 'asymmetric-jwt-auth';
 * import { createSignedFetch } from 'asymmetric-jwt-auth/client';
 * import { type GoogleKmsClient, googleKmsSigner } from 'asymmetric-jwt-auth/kms';
 *
 * const NAME = 'projects/api/locations/global/keyRings/clients/cryptoKeys/guido/cryptoKeyVersions/1';
 *
 * // Call it with `new KeyManagementServiceClient()` of `@google-cloud/kms`, and the public key in PEM.
 * export function fetchAsGuido(client: GoogleKmsClient, publicKey: string): typeof fetch {
 *   const key = googleKmsSigner({ client, name: NAME, publicKey: PublicKey.from(publicKey) });
 *   return createSignedFetch({ username: 'guido', key });
 * }
 * ```
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
      const [response] = await client.asymmetricSign({ name, ...contentOf(request) });
      const { signature } = response;
      if (!(signature instanceof Uint8Array)) throw new KmsError('bad_answer', 'the response has no signature');
      const received = request.digest === undefined ? response.verifiedDataCrc32c : response.verifiedDigestCrc32c;
      if (received !== true || Number(response.signatureCrc32c?.value ?? Number.NaN) !== crc32c(signature)) {
        throw new KmsError('bad_answer', 'a checksum differs: the request or the response was damaged in transit');
      }
      return signature;
    },
  });
}

function contentOf({ bytes, digest }: KmsRequest) {
  if (digest === undefined) return { data: bytes, dataCrc32c: { value: crc32c(bytes) } };
  return { digest: { [DIGESTS[digest.length] as string]: digest }, digestCrc32c: { value: crc32c(digest) } };
}
