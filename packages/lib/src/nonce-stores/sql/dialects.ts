/** Finds the dialect of a Kysely instance. */
import { MysqlAdapter, PostgresAdapter, SqliteAdapter } from 'kysely';
import { checkKysely } from '../../kysely/kysely-instance.ts';
import type { SqlDatabase } from './database.ts';
import type { SqlNonceDialect } from './dialect.ts';
import { MYSQL } from './mysql.ts';
import { POSTGRES } from './postgres.ts';
import { SQLITE } from './sqlite.ts';

/** @throws TypeError for a transaction, which could roll claims back, and for an unsupported database */
export function dialectOf(database: SqlDatabase): SqlNonceDialect {
  checkKysely(database);
  if (database.isTransaction === true) {
    throw new TypeError('sqlNonceStore: a transaction cannot hold nonces, because a rollback would forget them');
  }
  const { adapter } = database.getExecutor();
  const known = DIALECTS.find(([Adapter]) => adapter instanceof Adapter);
  if (known === undefined) {
    throw new TypeError(
      "sqlNonceStore: needs Kysely's dialect for SQLite, PostgreSQL or MySQL, or a dialect with the adapter of one of these",
    );
  }
  return known[1];
}

const DIALECTS = [
  [SqliteAdapter, SQLITE],
  [PostgresAdapter, POSTGRES],
  [MysqlAdapter, MYSQL],
] as const satisfies [unknown, SqlNonceDialect][];
