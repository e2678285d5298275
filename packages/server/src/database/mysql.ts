/** MySQL and MariaDB through `mysql2`, with a pool that drops unresponsive connections. */
import { type Dialect, MysqlDialect, type MysqlPool, type MysqlPoolConnection } from 'kysely';
import mysql from 'mysql2';
import type { ServerConfig } from './config.ts';
import type { PoolLimits } from './pool-limits.ts';
import { tlsOptions } from './tls.ts';

export function mysqlDialect(config: ServerConfig, limits: PoolLimits, connections: number): Dialect {
  const { host, port, user, password, database } = config;
  const tls = tlsOptions(config);
  const pool = mysql.createPool({
    ...(host.startsWith('/') ? { socketPath: host } : { host, port }),
    ...{ user, database, charset: 'utf8mb4' },
    ...(password === undefined ? {} : { password }),
    ...(tls === undefined ? {} : { ssl: { ...tls, verifyIdentity: config.encryption === 'verified' } }),
    connectionLimit: connections,
    connectTimeout: limits.connectMs,
  });
  pool.on('connection', (connection) => connection.on('error', () => {}));
  return new MysqlDialect({ pool: dropUnresponsive(pool, limits) });
}

type QueryCallback = (error: unknown, result: unknown) => void;

/** Drops connections that did not respond in time, because their state is unknown and they may never respond. */
function dropUnresponsive(pool: mysql.Pool, { connectMs, statementMs }: PoolLimits): MysqlPool {
  function wrap(connection: mysql.PoolConnection): MysqlPoolConnection {
    let isLost = false;
    function query(sql: string, values: readonly unknown[], done: QueryCallback): void {
      connection.query({ sql, values: [...values], timeout: statementMs }, (error: mysql.QueryError | null, result) => {
        // Errors from the server have a number, and leave the connection usable.
        if (error !== null && (error.fatal || error.errno === undefined || error.code === 'PROTOCOL_SEQUENCE_TIMEOUT'))
          isLost = true;
        done(error, result);
      });
    }
    const release = () => (isLost ? connection.destroy() : connection.release());
    return { ...({ query, release } as unknown as MysqlPoolConnection), threadId: connection.threadId };
  }
  return {
    getConnection(done) {
      // If all connections are in use, the driver would wait forever.
      let isLate = false;
      const timer = setTimeout(() => {
        isLate = true;
        done(new Error(`no connection within ${connectMs / 1000} s`), undefined as never);
      }, connectMs);
      pool.getConnection((error, connection) => {
        clearTimeout(timer);
        if (isLate) connection?.release();
        else if (error) done(error, undefined as never);
        else done(undefined, wrap(connection));
      });
    },
    end: (done) => pool.end((error) => done(error)),
  };
}
