/** The databases that the SQL nonce store is tested on, as addresses that another process can be given. */
import { CompiledQuery, type Dialect, Kysely, MysqlDialect, PostgresDialect } from 'kysely';
import mysql from 'mysql2';
import pg from 'pg';
import { nodeSqliteDialect } from '../../lib/src/sql.ts';

/** Where a database is: a file of SQLite, or a port of the loopback. */
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
    // A server that goes away ends connections, idle ones and those in use; unheard, either ends the process.
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

/** Runs a statement, and gives its rows. */
export async function ask<Row = Record<string, unknown>>(database: Kysely<unknown>, sql: string): Promise<Row[]> {
  return (await database.executeQuery(CompiledQuery.raw(sql))).rows as Row[];
}
