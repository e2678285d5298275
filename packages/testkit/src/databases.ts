/** Opens databases for tests of the SQL nonce store. Their addresses can be passed to another process. */
import { CompiledQuery, type Dialect, Kysely, MysqlDialect, PostgresDialect } from 'kysely';
import mysql from 'mysql2';
import pg from 'pg';
import { nodeSqliteDialect } from '../../lib/src/sql.ts';

/** Address of a database: an SQLite file, or a port on the loopback address. */
export interface Address {
  readonly kind: 'sqlite' | 'postgres' | 'mariadb';
  readonly file?: string;
  readonly port?: number;
  readonly user?: string;
  readonly database?: string;
}

const MAKE: Readonly<Record<Address['kind'], (address: Address, connections: number) => Dialect>> = {
  sqlite: ({ file = '' }) => nodeSqliteDialect(file),
  postgres({ kind: _, ...settings }, max) {
    const pool = new pg.Pool({ ...settings, host: '127.0.0.1', max });
    // When a server stops, both idle and active connections fail. Without a listener, either error would end the process.
    pool.on('error', () => {});
    pool.on('connect', (client) => client.on('error', () => {}));
    return new PostgresDialect({ pool });
  },
  mariadb: ({ kind: _, ...settings }, connectionLimit) =>
    new MysqlDialect({ pool: mysql.createPool({ ...settings, host: '127.0.0.1', connectionLimit }) as never }),
};

export function openDatabase(address: Address, connections = 8): Kysely<unknown> {
  return new Kysely<unknown>({ dialect: MAKE[address.kind](address, connections) });
}

/** Runs a statement. @returns its rows */
export async function ask<Row = Record<string, unknown>>(database: Kysely<unknown>, sql: string): Promise<Row[]> {
  return (await database.executeQuery(CompiledQuery.raw(sql))).rows as Row[];
}
