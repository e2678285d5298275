/** Public keys that `/.well-known/jwks.json` publishes, for others to verify what they sign. */

import { CommandError } from 'ajwt-cli-kit';
import { PublicKey } from 'asymmetric-jwt-auth';
import { type JwksEndpoint, jwksEndpoint } from 'asymmetric-jwt-auth/jwks';

/**
 * Makes the endpoint of the keys in these files.
 *
 * @param files - each a public key: an OpenSSH line, PEM or JWK. They are read once
 * @param option - how they were given
 * @returns nothing where there are none: the path is the application's then
 * @throws CommandError for a file that cannot be read, or is no public key; a private one is refused
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
