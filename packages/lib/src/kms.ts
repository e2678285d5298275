/**
 * Signs with a key that stays in a key management service or an HSM. Use {@link awsKmsSigner}, {@link googleKmsSigner},
 * {@link azureKeyVaultSigner} or {@link vaultSigner}, or {@link kmsSigner} for any other service. Pass the signer as `key` wherever the
 * client takes a `PrivateKey`.
 */
export { type AwsKmsClient, type AwsKmsSignerOptions, type AwsSignInput, awsKmsSigner } from './signers/kms/aws.ts';
export { type AzureKeyVaultClient, type AzureKeyVaultSignerOptions, azureKeyVaultSigner } from './signers/kms/azure.ts';
export { KmsError, type KmsErrorCode } from './signers/kms/error.ts';
export {
  type GoogleKmsClient,
  type GoogleKmsSignerOptions,
  type GoogleSignRequest,
  type GoogleSignResponse,
  googleKmsSigner,
} from './signers/kms/google.ts';
export { type KmsRequest, type KmsSigner, type KmsSignerOptions, kmsSigner } from './signers/kms/signer.ts';
export { type VaultSignerOptions, vaultSigner } from './signers/kms/vault.ts';
