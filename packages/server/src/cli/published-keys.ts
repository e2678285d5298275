/** Reads the public keys that `/.well-known/jwks.json` publishes. */
import { CommandError } from 'ajwt-cli-kit';
import { PublicKey } from 'asymmetric-jwt-auth';
import { type JwksEndpoint, jwksEndpoint } from 'asymmetric-jwt-auth/jwks';

/**
 * Reads public keys from files and makes the endpoint that publishes them.
 *
 * @param files - paths of public keys (OpenSSH, PEM or JWK); each file is read once
 * @param option - name of the option, for messages
 * @returns `undefined` if there are no files; requests for the path then go to the application
 * @throws CommandError if a file cannot be read or is not a public key; a private key is refused too
 */
export async function publishedKeys(files: readonly string[], option: string): Promise<JwksEndpoint | undefined> {
  if (files.length === 0) return undefined;
  const keys: PublicKey[] = [];
  for (const file of files) {
    try {
      keys.push(await PublicKey.fromFile(file));
    } catch (error) {
      throw new CommandError(`${option}: ${file}: ${(error as Error).message}`);
    }
  }
  return jwksEndpoint(keys);
}
