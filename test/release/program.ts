/** A program that uses the packed library, and its output. */

export const PROGRAM = `
import { createAuthenticator, memoryKeyStore, memoryNonceStore, PrivateKey } from 'asymmetric-jwt-auth';
import { createAuthorization } from 'asymmetric-jwt-auth/client';
import { nonceStoreContract } from 'asymmetric-jwt-auth/testing';
import 'asymmetric-jwt-auth/express/global';
import { createPublicKey } from 'node:crypto';
async function main() {
  const key = await PrivateKey.generate();
  const keys = memoryKeyStore<{ email: string }>();
  keys.setUser('guido', { user: { email: 'guido@example.com' } });
  keys.addKey('guido', key.publicKey);
  createPublicKey({ key: key.publicKey.toJwk(), format: 'jwk' });
  const auth = createAuthenticator({ keys, nonces: memoryNonceStore() });
  const authorization = await createAuthorization({ username: 'guido', key });
  const result = await auth.authenticate({ authorization });
  if (!result.ok) throw new Error(result.reason);
  const email: string = result.user.email;
  const again = await auth.authenticate({ authorization });
  for (const { run } of nonceStoreContract({ make: memoryNonceStore })) await run();
  console.log(email, again.ok ? 'accepted' : again.reason);
}
void main();
`;

export const PRINTED = 'guido@example.com replayed\n';
