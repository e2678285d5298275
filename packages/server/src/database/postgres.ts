/** PostgreSQL through `pg`, with a pool that drops unresponsive connections. */
import { type Dialect, PostgresDialect, type PostgresPool, type PostgresPoolClient } from 'kysely';
import pg from 'pg';
import type { ServerConfig } from './config.ts';
import type { PoolLimits } from './pool-limits.ts';
import { tlsOptions } from './tls.ts';

/** Returns the settings for a `pg` client. */
export function postgresSettings(config: ServerConfig, { connectMs, statementMs }: PoolLimits): pg.ClientConfig {
  const { host, port, user, password, database, options, application, binding } = config;
  return {
    ...{ host, port, user, database, ssl: tlsOptions(config) ?? false },
    // Without a password, the driver reads PGPASSWORD and PGPASSFILE.
    ...(password === undefined ? {} : { password }),
    connectionTimeoutMillis: connectMs,
    query_timeout: statementMs,
    keepAlive: true,
    application_name: application,
    ...(options === undefined ? {} : { options }),
    ...(binding ? { enableChannelBinding: true } : {}),
  };
}

export function postgresDialect(config: ServerConfig, limits: PoolLimits, connections: number): Dialect {
  const pool = new pg.Pool({ ...postgresSettings(config, limits), max: connections });
  // If the server goes away, all connections emit errors, whether idle or in use. Without listeners, these would end the process.
  pool.on('error', () => {});
  pool.on('connect', (client) => client.on('error', () => {}));
  return new PostgresDialect({ pool: dropUnresponsive(pool) });
}

/** Drops connections that did not respond in time, because their state is unknown and they may never respond. */
function dropUnresponsive(pool: pg.Pool): PostgresPool {
  async function connect(): Promise<PostgresPoolClient> {
    const client = await pool.connect();
    let isLost = false;
    async function query(text: string, values: readonly unknown[]) {
      try {
        return await client.query(text, [...values]);
      } catch (error) {
        // Errors from the server leave the connection usable.
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
