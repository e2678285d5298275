/** Our authenticator, with stores in memory. */
import {
  type Authenticator,
  createAuthenticator,
  memoryKeyStore,
  memoryNonceStore,
  PublicKey,
} from 'asymmetric-jwt-auth';

export function ours(keys: ReadonlyMap<string, string>): Authenticator<{ name: string }> {
  const store = memoryKeyStore<{ name: string }>();
  for (const [name, pem] of keys) {
    store.setUser(name, { user: { name } });
    store.addKey(name, PublicKey.from(pem));
  }
  return createAuthenticator({ keys: store, nonces: memoryNonceStore() });
}
