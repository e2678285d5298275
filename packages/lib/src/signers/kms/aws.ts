/** Keys in AWS KMS: its operation Sign. */
import type { AlgorithmName } from '../../core/algorithms.ts';
import { checkArgument, checkString, hasMethod } from '../../core/arguments.ts';
import { checkOptions, type OptionKinds } from '../../core/options.ts';
import type { PublicKey } from '../../keys/public-key.ts';
import { KmsError } from './error.ts';
import { type KmsSigner, kmsSigner } from './signer.ts';

/** Its names of the algorithms. ED25519_PH_SHA_512 hashes first, and is not EdDSA as JWS has it. */
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

/** Longest message of Sign, in bytes. Only Ed25519 is given the text itself. */
const MAX_MESSAGE = 4096;

/** What Sign takes. */
export interface AwsSignInput {
  readonly KeyId: string;
  readonly Message: Uint8Array;
  readonly MessageType: 'DIGEST' | 'RAW';
  readonly SigningAlgorithm: (typeof NAMES)[AlgorithmName];
}

/** `KMS` of `@aws-sdk/client-kms` is one. */
export interface AwsKmsClient {
  sign(input: AwsSignInput): Promise<{ readonly Signature?: Uint8Array | undefined }>;
}

/** Which key of AWS KMS. */
export interface AwsKmsSignerOptions {
  readonly client: AwsKmsClient;
  /** Key ID, key ARN, alias name or alias ARN. */
  readonly keyId: string;
  /** The public half: what `GetPublicKey` returns. */
  readonly publicKey: PublicKey;
  /** One of the algorithms of the public key; default the first of them. */
  readonly alg?: AlgorithmName;
}

const OPTIONS: OptionKinds<AwsKmsSignerOptions> = { client: 'object', keyId: 'text', publicKey: 'object', alg: 'text' };

/**
 * Signs with a key in AWS KMS, of the usage SIGN_VERIFY: RSA, NIST curves, or Ed25519.
 *
 * An Ed25519 key signs up to 4096 bytes there, which is half of the longest token; others sign a digest.
 *
 * @param options - {@link AwsKmsSignerOptions}
 * @returns a signer whose `sign` rejects with a `KmsError`
 * @throws TypeError for a wrong option
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
