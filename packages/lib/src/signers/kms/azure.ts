/** Signs with keys in Azure Key Vault or Managed HSM. Their operation sign uses the algorithm names and the signature formats of JWS. */
import type { AlgorithmName } from '../../core/algorithms.ts';
import { checkArgument, hasMethod } from '../../core/arguments.ts';
import { checkOptions, type OptionKinds } from '../../core/options.ts';
import type { PublicKey } from '../../keys/public-key.ts';
import { KmsError } from './error.ts';
import { type KmsSigner, kmsSigner } from './signer.ts';

/** The part of `CryptographyClient` of `@azure/keyvault-keys` that is used. One client is for one version of one key. */
export interface AzureKeyVaultClient {
  sign(algorithm: string, digest: Uint8Array): Promise<{ readonly result: Uint8Array }>;
}

/** Options of {@link azureKeyVaultSigner}. */
export interface AzureKeyVaultSignerOptions {
  readonly client: AzureKeyVaultClient;
  /** The public key of this version. */
  readonly publicKey: PublicKey;
  /** One of the public key's algorithms. Default: the first. */
  readonly alg?: AlgorithmName;
}

const OPTIONS: OptionKinds<AzureKeyVaultSignerOptions> = { client: 'object', publicKey: 'object', alg: 'text' };

/**
 * Makes a signer for a key in Azure Key Vault. The key must be an RSA, P-256, P-384 or P-521 key.
 *
 * @param options - {@link AzureKeyVaultSignerOptions}
 * @returns a signer whose `sign` rejects with a `KmsError`
 * @throws TypeError for an unknown or invalid option
 * @throws KmsError `unsupported` for an Ed25519 key
 * @example
 * ```ts no-run: needs Azure Key Vault
 * import { PublicKey } from 'asymmetric-jwt-auth';
 * import { createSignedFetch } from 'asymmetric-jwt-auth/client';
 * import { type AzureKeyVaultClient, azureKeyVaultSigner } from 'asymmetric-jwt-auth/kms';
 *
 * // Call it with `new CryptographyClient(keyId, credential)` of `@azure/keyvault-keys`, and the public key in PEM.
 * export function fetchAsGuido(client: AzureKeyVaultClient, publicKey: string): typeof fetch {
 *   const key = azureKeyVaultSigner({ client, publicKey: PublicKey.from(publicKey) });
 *   return createSignedFetch({ username: 'guido', key });
 * }
 * ```
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
