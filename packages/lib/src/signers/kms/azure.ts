/** Keys in Azure Key Vault or its Managed HSM: their operation sign, whose algorithms and signatures are those of JWS. */
import type { AlgorithmName } from '../../core/algorithms.ts';
import { checkArgument, hasMethod } from '../../core/arguments.ts';
import { checkOptions, type OptionKinds } from '../../core/options.ts';
import type { PublicKey } from '../../keys/public-key.ts';
import { KmsError } from './error.ts';
import { type KmsSigner, kmsSigner } from './signer.ts';

/** `CryptographyClient` of `@azure/keyvault-keys` is one, made for one version of one key. */
export interface AzureKeyVaultClient {
  sign(algorithm: string, digest: Uint8Array): Promise<{ readonly result: Uint8Array }>;
}

/** Which key of Azure Key Vault. */
export interface AzureKeyVaultSignerOptions {
  readonly client: AzureKeyVaultClient;
  /** The public half of this version of the key. */
  readonly publicKey: PublicKey;
  /** One of the algorithms of the public key; default the first of them. */
  readonly alg?: AlgorithmName;
}

const OPTIONS: OptionKinds<AzureKeyVaultSignerOptions> = { client: 'object', publicKey: 'object', alg: 'text' };

/**
 * Signs with a key in Azure Key Vault: RSA, P-256, P-384 or P-521.
 *
 * @param options - {@link AzureKeyVaultSignerOptions}
 * @returns a signer whose `sign` rejects with a `KmsError`
 * @throws TypeError for a wrong option
 * @throws KmsError `unsupported` for an Ed25519 key
 */
export function azureKeyVaultSigner(options: AzureKeyVaultSignerOptions): KmsSigner {
  checkOptions(options, OPTIONS);
  const { client, publicKey, alg } = options;
  checkArgument(hasMethod(client, 'sign'), 'option client', 'a CryptographyClient of @azure/keyvault-keys', client);
  if (publicKey?.type === 'ed25519') throw new KmsError('unsupported', 'Azure Key Vault has no Ed25519 keys');
  return kmsSigner({
    publicKey,
    ...(alg === undefined ? {} : { alg }),
    sign: async ({ alg: name, digest }) => (await client.sign(name, digest as Uint8Array)).result,
  });
}
