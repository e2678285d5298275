/** Signs with keys in a key management service or an HSM: the private key never comes here. */
export { type AwsKmsClient, type AwsKmsSignerOptions, type AwsSignInput, awsKmsSigner } from './kms/aws.ts';
export { type AzureKeyVaultClient, type AzureKeyVaultSignerOptions, azureKeyVaultSigner } from './kms/azure.ts';
export { KmsError, type KmsErrorCode } from './kms/error.ts';
export {
  type GoogleKmsClient,
  type GoogleKmsSignerOptions,
  type GoogleSignRequest,
  type GoogleSignResponse,
  googleKmsSigner,
} from './kms/google.ts';
export { type KmsRequest, type KmsSigner, type KmsSignerOptions, kmsSigner } from './kms/signer.ts';
export { type VaultSignerOptions, vaultSigner } from './kms/vault.ts';
