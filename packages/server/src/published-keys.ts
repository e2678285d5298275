/** Reads the public keys that `/.well-known/jwks.json` publishes. */
import { CommandError } from 'ajwt-cli-kit';
import { PublicKey } from 'asymmetric-jwt-auth';
import { type JwksEndpoint, jwksEndpoint } from 'asymmetric-jwt-auth/jwks';

/**
 * Reads the public keys to publish.
 *
 * @param files - paths of public keys (OpenSSH, PEM or JWK); each file is read once
 * @param option - name of the option, for messages
 * @throws CommandError if a file cannot be read or is not a public key; a private key is refused too
 */
export async function readPublishedKeys(files: readonly string[], option: string): Promise<readonly PublicKey[]> {
  const keys: PublicKey[] = [];
  for (const file of files) {
    try {
      keys.push(await PublicKey.fromFile(file));
    } catch (error) {
      throw new CommandError(`${option}: ${file}: ${(error as Error).message}`);
    }
  }
  return keys;
}

/** Makes the endpoint that publishes keys. @returns `undefined` without keys; requests for the path then go to the application */
export function publish(keys: readonly PublicKey[]): JwksEndpoint | undefined {
  return keys.length === 0 ? undefined : jwksEndpoint(keys);
}
