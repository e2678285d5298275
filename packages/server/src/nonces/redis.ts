/** Connects to Redis or Valkey. */
import { Cluster, Redis } from 'ioredis';
import type { Logger } from 'pino';
import type { RedisConfig } from './config.ts';

/** Milliseconds after which an unresponsive connection is dropped. */
const TIMEOUT_MS = 2000;
/** Maximum milliseconds between two attempts to connect. */
const MAX_PAUSE_MS = 500;
/** Milliseconds between two log lines about lost connections. */
const LOG_PAUSE_MS = 1000;

const retryStrategy = (attempt: number) => Math.min(50 * attempt, MAX_PAUSE_MS);

export function connectRedis({ mode, hosts, tls, username, password, db, master, name }: RedisConfig, log: Logger) {
  const login = {
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(tls ? { tls: {} } : {}),
  };
  const common = { ...login, connectTimeout: TIMEOUT_MS, socketTimeout: TIMEOUT_MS };
  const client = connect();
  let loggedAt = Number.NEGATIVE_INFINITY;
  client.on('error', (error: Error) => {
    if (performance.now() - loggedAt < LOG_PAUSE_MS) return;
    loggedAt = performance.now();
    log.warn({ redis: name, cause: error.message }, 'no connection to Redis');
  });
  return client;

  function connect(): Redis | Cluster {
    if (mode === 'cluster') {
      return new Cluster([...hosts], {
        redisOptions: common,
        clusterRetryStrategy: retryStrategy,
        slotsRefreshTimeout: TIMEOUT_MS,
      });
    }
    if (mode === 'sentinel') {
      return new Redis({
        ...common,
        retryStrategy,
        sentinels: [...hosts],
        name: master as string,
        sentinelRetryStrategy: retryStrategy,
        ...(tls ? { sentinelTLS: {}, enableTLSForSentinelMode: true } : {}),
      });
    }
    const { host, port } = hosts[0] as { host: string; port: number };
    return new Redis({ ...common, retryStrategy, host, port, db });
  }
}
