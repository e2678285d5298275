import { readFileSync } from 'node:fs';
import { createAuthenticator, memoryKeyStore, memoryNonceStore, PublicKey } from 'asymmetric-jwt-auth';

const keys = memoryKeyStore<{ email: string }>();
keys.setUser('guido', { user: { email: 'guido@example.com' } });
keys.addKey('guido', PublicKey.from(readFileSync('guido.pub', 'utf8')));

export const authenticator = createAuthenticator({ keys, nonces: memoryNonceStore() });
