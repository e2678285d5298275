/** The nonce store that the configuration asks for. */
import { memoryNonceStore, type NonceStore } from 'asymmetric-jwt-auth';
import { sqlNonceStore } from 'asymmetric-jwt-auth/sql';
import type { Logger } from 'pino';
import type { Config } from '../config.ts';
import type { Database } from '../database/open.ts';

/** A nonce store, and how to let go of it. */
export interface OpenNonceStore {
  readonly store: NonceStore;
  close(): void;
}

/** Connections for claims, of which each request makes one. */
const FOR_CLAIMS = 8;

export async function makeNonceStore(
  { nonces, tolerance }: Pick<Config, 'nonces' | 'tolerance'>,
  database: Database,
  log: Logger,
): Promise<OpenNonceStore> {
  if (nonces.kind === 'memory') return { store: memoryNonceStore({ tolerance }), close: () => {} };
  if (nonces.kind === 'database') {
    return { store: sqlNonceStore(database.connect(FOR_CLAIMS), { tolerance }), close: () => {} };
  }
  const [{ redisNonceStore }, { connectRedis }] = await Promise.all([
    import('asymmetric-jwt-auth/redis'),
    import('./redis.ts'),
  ]);
  const client = connectRedis(nonces, log);
  const store = redisNonceStore(client, { tolerance });
  return {
    store,
    close() {
      store.close();
      client.disconnect();
    },
  };
}

/** What the log calls it. */
export function nameOfNonces(nonces: Config['nonces']): string {
  return nonces.kind === 'redis' ? nonces.name : nonces.kind;
}
