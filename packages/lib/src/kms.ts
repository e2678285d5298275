/** Signs with keys in a key management service or an HSM: the private key never comes here. */
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
