/** How the tables of the SQL directory come to be. */
import { type Kysely, sql } from 'kysely';
import { checkArgument } from '../../core/arguments.ts';
import { DIRECTORY_DIALECTS, directoryDialectOf } from './dialects.ts';
import { whileNobodyMigrates } from './migration-lock.ts';
import type { DirectoryTables } from './tables.ts';

/**
 * Names of the migrations that a database lacks, in order; all of them for a new one. Where a migration is not one transaction, waits
 * for the process that is in the middle of one.
 *
 * @throws UnavailableError if that process does not finish in time; whatever the database throws
 */
export async function pendingMigrations(db: Kysely<DirectoryTables>): Promise<readonly string[]> {
  const dialect = directoryDialectOf(db);
  const pending = await missingFrom(db);
  if (pending.length === 0 || dialect.isAtomic) return pending;
  return whileNobodyMigrates(db, dialect, missingFrom);
}

/**
 * Brings a database up to date. Of several processes that begin at once, one makes each migration, and the others wait for it.
 *
 * @returns names of the migrations that were made here, in order
 * @throws UnavailableError if another process does not finish in time; whatever the database throws: nothing is changed then, except in
 *   MySQL and MariaDB, whose DDL has no transactions, where the next call makes the rest
 */
export async function runMigrations(db: Kysely<DirectoryTables>): Promise<readonly string[]> {
  if ((await missingFrom(db)).length === 0) return [];
  const dialect = directoryDialectOf(db);
  return whileNobodyMigrates(db, dialect, async (connection) => {
    const pending = await missingFrom(connection);
    if (pending.length === 0) return pending;
    for (const statement of BOOKS) await sql.raw(statement).execute(connection);
    for (const name of pending) {
      for (const statement of dialect.migrations[name] ?? []) await sql.raw(statement).execute(connection);
      await connection.insertInto('ajwt_migration').values({ name, timestamp: new Date().toISOString() }).execute();
    }
    return pending;
  });
}

async function missingFrom(db: Kysely<DirectoryTables>): Promise<readonly string[]> {
  const { migrations } = directoryDialectOf(db);
  const made = await madeIn(db);
  return Object.keys(migrations).filter((name) => !made.has(name));
}

/** Names of the migrations that a database has. */
async function madeIn(db: Kysely<DirectoryTables>): Promise<ReadonlySet<string>> {
  const tables = await db.introspection.getTables();
  if (!tables.some(({ name }) => name === 'ajwt_migration')) return new Set();
  const rows = await db.selectFrom('ajwt_migration').select('name').execute();
  return new Set(rows.map(({ name }) => name));
}

/** Where it is written which migrations were made: the tables of Kysely's migrator, which made them in earlier versions. */
const BOOKS = [
  'CREATE TABLE IF NOT EXISTS ajwt_migration (name varchar(255) NOT NULL PRIMARY KEY, timestamp varchar(255) NOT NULL)',
  'CREATE TABLE IF NOT EXISTS ajwt_migration_lock (id varchar(255) NOT NULL PRIMARY KEY, is_locked integer DEFAULT 0 NOT NULL)',
];

/**
 * The migrations as SQL, for whoever applies them by other means. Afterwards the directory finds itself up to date.
 *
 * @param database - `mysql` is MariaDB as well
 * @returns statements, each with its semicolon
 */
export function directoryMigrationSql(database: keyof typeof DIRECTORY_DIALECTS): string {
  const once = (table: string, columns: string, values: string, key: string) =>
    `INSERT INTO ${table} (${columns}) SELECT ${values} WHERE NOT EXISTS (SELECT 1 FROM ${table} WHERE ${key})`;
  const names = Object.keys(DIRECTORY_DIALECTS);
  checkArgument(names.includes(database), 'database', `one of ${names.join(', ')}`, database);
  const statements = [
    ...BOOKS,
    once('ajwt_migration_lock', 'id, is_locked', "'migration_lock', 0", "id = 'migration_lock'"),
    ...Object.entries(DIRECTORY_DIALECTS[database].migrations).flatMap(([name, steps]) => [
      ...steps,
      once('ajwt_migration', 'name, timestamp', `'${name}', '1970-01-01T00:00:00.000Z'`, `name = '${name}'`),
    ]),
  ];
  return statements.map((statement) => `${statement};\n`).join('');
}
