/** PostgreSQL through `pg`: a pool that lets go of connections which do not answer. */
import { type Dialect, PostgresDialect, type PostgresPool, type PostgresPoolClient } from 'kysely';
import pg from 'pg';
import type { ServerConfig } from './config.ts';
import type { PoolLimits } from './pool-limits.ts';
import { tlsOptions } from './tls.ts';

/** How a client of `pg` reaches the server. */
export function postgresSettings(config: ServerConfig, { connect, answer }: PoolLimits): pg.ClientConfig {
  const { host, port, user, password, database, options, application, binding } = config;
  return {
    ...{ host, port, user, database, ssl: tlsOptions(config) ?? false },
    // Without one, the driver looks for it in PGPASSWORD and in PGPASSFILE.
    ...(password === undefined ? {} : { password }),
    connectionTimeoutMillis: connect,
    query_timeout: answer,
    keepAlive: true,
    application_name: application,
    ...(options === undefined ? {} : { options }),
    ...(binding ? { enableChannelBinding: true } : {}),
  };
}

export function postgresDialect(config: ServerConfig, limits: PoolLimits, connections: number): Dialect {
  const pool = new pg.Pool({ ...postgresSettings(config, limits), max: connections });
  // A server that goes away ends connections, idle ones and those in use; unheard, either ends the process.
  pool.on('error', () => {});
  pool.on('connect', (client) => client.on('error', () => {}));
  return new PostgresDialect({ pool: withoutSilentConnections(pool) });
}

/** A connection that did not answer in time is in an unknown state, and may never answer: it goes, instead of back to the pool. */
function withoutSilentConnections(pool: pg.Pool): PostgresPool {
  async function connect(): Promise<PostgresPoolClient> {
    const client = await pool.connect();
    let isLost = false;
    async function query(text: string, values: readonly unknown[]) {
      try {
        return await client.query(text, [...values]);
      } catch (error) {
        // What the server itself says leaves the connection as it was.
        isLost ||= !(error instanceof pg.DatabaseError);
        throw error;
      }
    }
    return {
      query: query as unknown as PostgresPoolClient['query'],
      release: (destroy) => client.release(destroy || isLost),
    };
  }
  return { connect, end: () => pool.end(), options: pool.options };
}
