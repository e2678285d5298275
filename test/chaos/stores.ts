/** The nonce stores under test, and their addresses as arguments of a process. */
import { memoryNonceStore, type NonceStore } from 'asymmetric-jwt-auth';
import { redisNonceStore } from 'asymmetric-jwt-auth/redis';
import { nodeSqliteDialect, sqlNonceStore } from 'asymmetric-jwt-auth/sql';
import { Cluster, Redis } from 'ioredis';
import { Kysely } from 'kysely';
import { readDatabase, type ServerConfig } from '../../packages/server/src/database/config.ts';
import { mysqlDialect } from '../../packages/server/src/database/mysql.ts';
import { POOL_LIMITS } from '../../packages/server/src/database/pool-limits.ts';
import { postgresDialect } from '../../packages/server/src/database/postgres.ts';
import { checkThenRecord, withoutEpoch } from './broken-stores.ts';

export type StoreAddress =
  | { readonly kind: 'memory' }
  | { readonly kind: 'sqlite'; readonly file: string }
  | { readonly kind: 'postgres' | 'mysql'; readonly port: number; readonly user: string; readonly database: string }
  | { readonly kind: 'redis'; readonly port: number }
  | { readonly kind: 'cluster'; readonly ports: readonly number[] }
  | { readonly kind: 'sentinel'; readonly port: number; readonly master: string }
  /** Two stores that are broken on purpose. */
  | { readonly kind: 'check-then-record'; readonly file: string }
  | { readonly kind: 'without-epoch'; readonly port: number };

export interface StoreOptions {
  readonly tolerance: number;
  readonly clockMargin: number;
  readonly afterLoss?: 'fresh' | 'quarantine' | 'accept';
}

const host = '127.0.0.1';
/** Connects like `ajwtd`. */
const COMMON = { connectTimeout: 2000, socketTimeout: 2000 };
const CONNECTIONS = 8;
const retryStrategy = (attempt: number) => Math.min(50 * attempt, 500);

/** A broken connection emits an error event, which would end the process. */
function quiet<Client extends Redis | Cluster>(client: Client): Client {
  client.on('error', () => {});
  return client;
}

export function makeStore(address: StoreAddress, options: StoreOptions): NonceStore {
  switch (address.kind) {
    case 'memory':
      return memoryNonceStore(options);
    case 'redis':
      return redisNonceStore(quiet(new Redis({ ...COMMON, retryStrategy, host, port: address.port })), options);
    case 'cluster': {
      const nodes = address.ports.map((port) => ({ host, port }));
      const settings = { redisOptions: COMMON, clusterRetryStrategy: retryStrategy, slotsRefreshTimeout: 2000 };
      return redisNonceStore(quiet(new Cluster(nodes, settings)), options);
    }
    case 'sentinel': {
      const sentinels = [{ host, port: address.port }];
      const client = new Redis({
        ...COMMON,
        retryStrategy,
        sentinelRetryStrategy: retryStrategy,
        sentinels,
        name: address.master,
      });
      return redisNonceStore(quiet(client), options);
    }
    case 'check-then-record':
      return checkThenRecord(address.file, options);
    case 'without-epoch':
      return withoutEpoch(quiet(new Redis({ ...COMMON, retryStrategy, host, port: address.port })), options);
    case 'sqlite':
      return sqlNonceStore(new Kysely<unknown>({ dialect: nodeSqliteDialect(address.file) }), options);
    default:
      return sqlNonceStore(new Kysely<unknown>({ dialect: serverDialect(address) }), options);
  }
}

function serverDialect(address: Extract<StoreAddress, { user: string }>) {
  const { kind, user, port, database } = address;
  const config = readDatabase(`${kind}://${user}@${host}:${port}/${database}`) as ServerConfig;
  const dialectOf = { postgres: postgresDialect, mysql: mysqlDialect }[kind];
  return dialectOf(config, POOL_LIMITS.server, CONNECTIONS);
}
