/** MySQL and MariaDB through `mysql2`: a pool that lets go of connections which do not answer. */
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
    connectTimeout: limits.connect,
  });
  pool.on('connection', (connection) => connection.on('error', () => {}));
  return new MysqlDialect({ pool: withoutSilentConnections(pool, limits) });
}

type QueryCallback = (error: unknown, result: unknown) => void;

/** A connection that did not answer in time is in an unknown state, and may never answer: it goes, instead of back to the pool. */
function withoutSilentConnections(pool: mysql.Pool, { connect, answer }: PoolLimits): MysqlPool {
  function wrap(connection: mysql.PoolConnection): MysqlPoolConnection {
    let isLost = false;
    function query(sql: string, values: readonly unknown[], done: QueryCallback): void {
      connection.query({ sql, values: [...values], timeout: answer }, (error: mysql.QueryError | null, result) => {
        // What the server itself says has a number, and leaves the connection as it was.
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
      // Others may have all connections, and the driver itself would wait for ever.
      let isLate = false;
      const timer = setTimeout(() => {
        isLate = true;
        done(new Error(`no connection within ${connect} ms`), undefined as never);
      }, connect);
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
