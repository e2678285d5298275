/** The nonce store that the configuration asks for. */
import { memoryNonceStore, type NonceStore } from 'asymmetric-jwt-auth';
import { sqlNonceStore } from 'asymmetric-jwt-auth/sql';
import type { Logger } from 'pino';
import type { Config } from '../config.ts';
import type { Database } from '../database/open.ts';
import { fairClaims } from './fair-claims.ts';
import { knownReplays } from './known-replays.ts';

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
    return { store: guarded(sqlNonceStore(database.connect(FOR_CLAIMS), { tolerance })), close: () => {} };
  }
  const [{ redisNonceStore }, { connectRedis }] = await Promise.all([
    import('asymmetric-jwt-auth/redis'),
    import('./redis.ts'),
  ]);
  const client = connectRedis(nonces, log);
  const store = redisNonceStore(client, { tolerance });
  return {
    store: guarded(store),
    close() {
      store.close();
      client.disconnect();
    },
  };
}

/** Claims leave this process: replays and floods of one user must not take the time of the others. */
function guarded(store: NonceStore): NonceStore {
  return knownReplays(fairClaims(store));
}

/** What the log calls it. */
export function nameOfNonces(nonces: Config['nonces']): string {
  return nonces.kind === 'redis' ? nonces.name : nonces.kind;
}
