/** The connection to Redis or Valkey. */
import { Cluster, Redis } from 'ioredis';
import type { Logger } from 'pino';
import type { RedisConfig } from './config.ts';

/** Milliseconds after which a server that does not answer is left; after that it is called again at this pace at least. */
const TIMEOUT = 2000;
const LONGEST_PAUSE = 500;
/** Milliseconds between two lines about lost connections. */
const BETWEEN_LINES = 1000;

const retryStrategy = (attempt: number) => Math.min(50 * attempt, LONGEST_PAUSE);

export function connectRedis({ mode, hosts, tls, username, password, db, master, name }: RedisConfig, log: Logger) {
  const login = {
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(tls ? { tls: {} } : {}),
  };
  const common = { ...login, connectTimeout: TIMEOUT, socketTimeout: TIMEOUT };
  const client = connect();
  let saidAt = Number.NEGATIVE_INFINITY;
  client.on('error', (error: Error) => {
    if (performance.now() - saidAt < BETWEEN_LINES) return;
    saidAt = performance.now();
    log.warn({ redis: name, cause: error.message }, 'no connection to Redis');
  });
  return client;

  function connect(): Redis | Cluster {
    if (mode === 'cluster') {
      return new Cluster([...hosts], {
        redisOptions: common,
        clusterRetryStrategy: retryStrategy,
        slotsRefreshTimeout: TIMEOUT,
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
