import { createAuthenticator, memoryKeyStore, memoryNonceStore, PrivateKey } from 'asymmetric-jwt-auth';
import { createAuthorization } from 'asymmetric-jwt-auth/client';
import type { AdapterUser } from 'asymmetric-jwt-auth/testing';

/** Makes an authenticator that knows the user guido, and what tests need to check its decisions. */
export async function makeGuido() {
  const key = await PrivateKey.generate('ed25519');
  const keys = memoryKeyStore<AdapterUser>();
  keys.setUser('guido', { user: { email: 'guido@example.com' } });
  keys.addKey('guido', key.publicKey);
  const reasons: string[] = [];
  const addresses: (string | undefined)[] = [];
  const authenticator = createAuthenticator({
    keys,
    nonces: memoryNonceStore(),
    onResult({ reason }, { address }) {
      reasons.push(reason);
      addresses.push(address);
    },
  });
  return {
    authenticator,
    /** The outcomes of all decisions. A later call for a request is only among them if it refuses what the first one accepted. */
    reasons,
    /** The address that the adapter passed on, for each of the decisions. */
    addresses,
    /** Returns a new value of `Authorization`. */
    sign: (bind?: { htm?: string; target?: string }) =>
      createAuthorization({ username: 'guido', key, ...(bind && { bind }) }),
  };
}
