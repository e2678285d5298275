/** A minimal service with the library, as a process: node server.ts SETTINGS (JSON). */
import { createServer } from 'node:http';
import { createAuthenticator, memoryKeyStore, PublicKey } from 'asymmetric-jwt-auth';
import { nodeAuth } from 'asymmetric-jwt-auth/node';
import { makeStore, type StoreAddress, type StoreOptions } from './stores.ts';

/** Settings of the process. */
export interface ServerSettings extends StoreOptions {
  readonly port: number;
  readonly store: StoreAddress;
  /** Public keys as JWK, by username. */
  readonly keys: Readonly<Record<string, unknown>>;
}

const { port, store, keys, ...options } = JSON.parse(process.argv[2] ?? '') as ServerSettings;
const users = memoryKeyStore();
for (const [username, key] of Object.entries(keys)) users.addKey(username, PublicKey.from(key as never));
const nonces = makeStore(store, options);
await nonces.open(Date.now() / 1000);
const auth = nodeAuth(createAuthenticator({ keys: users, nonces, tolerance: options.tolerance }));

createServer(async (request, response) => {
  const result = await auth.authenticate(request);
  if (result.ok) response.end();
  else auth.reject(response, result);
}).listen(port, '127.0.0.1', () => console.log('listening on', port));
