/** Finds the dialect for a Kysely instance. */
import { MysqlAdapter, PostgresAdapter, SqliteAdapter } from 'kysely';
import { checkKysely } from '../../kysely/kysely-instance.ts';
import type { DirectoryDialect } from './dialect.ts';
import { MYSQL } from './mysql.ts';
import { POSTGRES } from './postgres.ts';
import { SQLITE } from './sqlite.ts';

/** Databases that can hold a directory; `mysql` includes MariaDB. */
export const DIRECTORY_DIALECTS = { sqlite: SQLITE, postgres: POSTGRES, mysql: MYSQL } as const;

const ADAPTERS = [
  [SqliteAdapter, SQLITE],
  [PostgresAdapter, POSTGRES],
  [MysqlAdapter, MYSQL],
] as const;

/**
 * Returns the dialect of a database.
 *
 * @throws TypeError if the database is of another kind
 */
export function directoryDialectOf(database: { getExecutor(): { readonly adapter: object } }): DirectoryDialect {
  checkKysely(database);
  const { adapter } = database.getExecutor();
  const known = ADAPTERS.find(([Adapter]) => adapter instanceof Adapter);
  if (known === undefined) {
    throw new TypeError(
      "sqlDirectory: needs Kysely's dialect for SQLite, PostgreSQL or MySQL, or another dialect with the same adapter",
    );
  }
  return known[1];
}
