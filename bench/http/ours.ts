/** Our authenticator, with stores in memory. It verifies Ed25519 with sodium-native if `BENCH_ED25519` says so. */
import {
  type Authenticator,
  createAuthenticator,
  memoryKeyStore,
  memoryNonceStore,
  PublicKey,
} from 'asymmetric-jwt-auth';
import { sodiumEd25519 } from 'asymmetric-jwt-auth/sodium';

export function ours(keys: ReadonlyMap<string, string>): Authenticator<{ name: string }> {
  const store = memoryKeyStore<{ name: string }>();
  for (const [name, pem] of keys) {
    store.setUser(name, { user: { name } });
    store.addKey(name, PublicKey.from(pem));
  }
  const ed25519 = process.env.BENCH_ED25519 === 'sodium-native' ? sodiumEd25519() : undefined;
  return createAuthenticator({ keys: store, nonces: memoryNonceStore(), ed25519 });
}
