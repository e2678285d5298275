/** Creates the nonce store of the configuration. */
import { memoryNonceStore, type NonceStore } from 'asymmetric-jwt-auth';
import { sqlNonceStore } from 'asymmetric-jwt-auth/sql';
import type { Logger } from 'pino';
import type { Config } from '../config.ts';
import { databaseClock } from '../database/clock.ts';
import type { Database } from '../database/open.ts';
import { fairClaims } from './fair-claims.ts';
import { knownReplays } from './known-replays.ts';

/** Number of database connections for claims. Each request makes one claim. */
const CLAIM_CONNECTIONS = 8;

/** A nonce store, and its clock. */
export interface OpenNonceStore {
  readonly store: NonceStore;
  /** Reads the store's clock, in seconds since the epoch; `undefined` if it is the clock of this machine. */
  readonly clock: (() => Promise<number>) | undefined;
}

/**
 * Creates a nonce store.
 *
 * @param database - holds the nonces, unless the configuration names another store; close the nonce store first
 */
export async function createNonceStore(
  { nonces, tolerance }: Pick<Config, 'nonces' | 'tolerance'>,
  database: Database,
  log: Logger,
): Promise<OpenNonceStore> {
  if (nonces.kind === 'memory') return { store: memoryNonceStore({ tolerance }), clock: undefined };
  if (nonces.kind === 'database') {
    const db = database.connect(CLAIM_CONNECTIONS);
    return { store: guarded(sqlNonceStore(db, { tolerance })), clock: databaseClock(database.config.kind, db) };
  }
  const [{ redisNonceStore }, { connectRedis }] = await Promise.all([
    import('asymmetric-jwt-auth/redis'),
    import('./redis.ts'),
  ]);
  const client = connectRedis(nonces, log);
  const store = redisNonceStore(client, { tolerance });
  const closing = {
    ...store,
    async close() {
      await store.close();
      client.disconnect();
    },
  };
  const clock = async () => {
    const [seconds, microseconds] = await client.time();
    return Number(seconds) + Number(microseconds) / 1e6;
  };
  return { store: guarded(closing), clock };
}

/** Wraps a store outside this process, so that replays, or the flood of one user, do not delay other users. */
function guarded(store: NonceStore): NonceStore {
  return knownReplays(fairClaims(store));
}

/** Returns the name of the nonce store for the log. */
export function nameOfNonces(nonces: Config['nonces']): string {
  return nonces.kind === 'redis' ? nonces.name : nonces.kind;
}
