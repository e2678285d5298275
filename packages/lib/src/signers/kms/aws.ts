/** Signs with keys in AWS KMS, using its operation Sign. */
import type { AlgorithmName } from '../../core/algorithms.ts';
import { checkArgument, checkString, hasMethod } from '../../core/arguments.ts';
import { checkOptions, type OptionKinds } from '../../core/options.ts';
import type { PublicKey } from '../../keys/public-key.ts';
import { KmsError } from './error.ts';
import { type KmsSigner, kmsSigner } from './signer.ts';

/**
 * The names that AWS gives to the algorithms. ED25519_PH_SHA_512 is not among them: it signs a hash, but EdDSA in JWS signs the text itself
 * (RFC 8037 §3.1).
 */
const NAMES = {
  RS512: 'RSASSA_PKCS1_V1_5_SHA_512',
  RS384: 'RSASSA_PKCS1_V1_5_SHA_384',
  RS256: 'RSASSA_PKCS1_V1_5_SHA_256',
  PS512: 'RSASSA_PSS_SHA_512',
  PS384: 'RSASSA_PSS_SHA_384',
  PS256: 'RSASSA_PSS_SHA_256',
  ES256: 'ECDSA_SHA_256',
  ES384: 'ECDSA_SHA_384',
  ES512: 'ECDSA_SHA_512',
  EdDSA: 'ED25519_SHA_512',
  Ed25519: 'ED25519_SHA_512',
} as const satisfies Record<AlgorithmName, string>;

/** Longest message that Sign accepts, in bytes. It limits only Ed25519, because other keys sign a digest. */
const MAX_MESSAGE = 4096;

/** The input of Sign. */
export interface AwsSignInput {
  readonly KeyId: string;
  readonly Message: Uint8Array;
  readonly MessageType: 'DIGEST' | 'RAW';
  readonly SigningAlgorithm: (typeof NAMES)[AlgorithmName];
}

/** The part of `KMS` of `@aws-sdk/client-kms` that is used. */
export interface AwsKmsClient {
  sign(input: AwsSignInput): Promise<{ readonly Signature?: Uint8Array | undefined }>;
}

/** Options of {@link awsKmsSigner}. */
export interface AwsKmsSignerOptions {
  readonly client: AwsKmsClient;
  /** Key ID, key ARN, alias name or alias ARN. */
  readonly keyId: string;
  /** The public key, as `GetPublicKey` returns it. */
  readonly publicKey: PublicKey;
  /** One of the public key's algorithms. Default: the first. */
  readonly alg?: AlgorithmName;
}

const OPTIONS: OptionKinds<AwsKmsSignerOptions> = { client: 'object', keyId: 'text', publicKey: 'object', alg: 'text' };

/**
 * Makes a signer for a key in AWS KMS. The key must have the usage SIGN_VERIFY, and be an RSA, NIST curve or Ed25519 key.
 *
 * With an Ed25519 key, AWS KMS signs up to 4096 bytes, which is half of the longest token. With other keys, it signs a digest, so this
 * limit does not apply.
 *
 * @param options - {@link AwsKmsSignerOptions}
 * @returns a signer whose `sign` rejects with a `KmsError`
 * @throws TypeError for an unknown or invalid option
 * @example
 * ```ts no-run: needs AWS KMS
 * import { PublicKey } from 'asymmetric-jwt-auth';
 * import { createSignedFetch } from 'asymmetric-jwt-auth/client';
 * import { type AwsKmsClient, awsKmsSigner } from 'asymmetric-jwt-auth/kms';
 *
 * // Call it with `new KMS({ region: 'eu-central-1' })` of `@aws-sdk/client-kms`, and the public key in PEM.
 * export function fetchAsGuido(client: AwsKmsClient, publicKey: string): typeof fetch {
 *   const key = awsKmsSigner({ client, keyId: 'alias/guido', publicKey: PublicKey.from(publicKey) });
 *   return createSignedFetch({ username: 'guido', key });
 * }
 * ```
 */
export function awsKmsSigner(options: AwsKmsSignerOptions): KmsSigner {
  checkOptions(options, OPTIONS);
  const { client, keyId, publicKey, alg } = options;
  checkArgument(hasMethod(client, 'sign'), 'option client', 'a KMS of @aws-sdk/client-kms', client);
  checkString('option keyId', keyId);
  return kmsSigner({
    publicKey,
    ...(alg === undefined ? {} : { alg }),
    ecdsa: 'der',
    async sign({ alg: name, bytes, digest }) {
      if (digest === undefined && bytes.length > MAX_MESSAGE) {
        throw new KmsError('unsupported', `AWS KMS signs at most ${MAX_MESSAGE} bytes with an Ed25519 key`);
      }
      const { Signature } = await client.sign({
        KeyId: keyId,
        Message: digest ?? bytes,
        MessageType: digest === undefined ? 'RAW' : 'DIGEST',
        SigningAlgorithm: NAMES[name],
      });
      return Signature as Uint8Array;
    },
  });
}
