/** Creates the tables of the SQL directory, and brings them up to date. */
import { type Kysely, sql } from 'kysely';
import { checkArgument } from '../../core/arguments.ts';
import { DIRECTORY_DIALECTS, directoryDialectOf } from './dialects.ts';
import { whileNobodyMigrates } from './migration-lock.ts';
import type { DirectoryTables } from './tables.ts';

/**
 * Returns the names of the migrations that a database lacks, in order; a new database lacks all of them. If the database cannot run
 * migrations in transactions, waits for a process that is migrating.
 *
 * @throws UnavailableError if that process does not finish in time, and any error of the database
 */
export async function pendingMigrations(db: Kysely<DirectoryTables>): Promise<readonly string[]> {
  const dialect = directoryDialectOf(db);
  const pending = await missingFrom(db);
  if (pending.length === 0 || dialect.isAtomic) return pending;
  return whileNobodyMigrates(db, dialect, missingFrom);
}

/**
 * Brings a database up to date. If several processes call this at once, one of them runs the migrations and the others wait.
 *
 * @returns the names of the migrations that this call has run, in order
 * @throws UnavailableError if another process does not finish in time, and any error of the database. After an error, nothing has changed,
 *   except in MySQL and MariaDB, which have no transactions for DDL. There, the next call runs the remaining migrations.
 */
export async function runMigrations(db: Kysely<DirectoryTables>): Promise<readonly string[]> {
  if ((await missingFrom(db)).length === 0) return [];
  const dialect = directoryDialectOf(db);
  return whileNobodyMigrates(db, dialect, async (connection) => {
    const pending = await missingFrom(connection);
    if (pending.length === 0) return pending;
    for (const statement of MIGRATION_TABLES) await sql.raw(statement).execute(connection);
    for (const name of pending) {
      for (const statement of dialect.migrations[name] ?? []) await sql.raw(statement).execute(connection);
      await connection.insertInto('ajwt_migration').values({ name, timestamp: new Date().toISOString() }).execute();
    }
    return pending;
  });
}

async function missingFrom(db: Kysely<DirectoryTables>): Promise<readonly string[]> {
  const { migrations } = directoryDialectOf(db);
  const present = await migrationsIn(db);
  return Object.keys(migrations).filter((name) => !present.has(name));
}

/** Returns the names of the migrations that were run on a database. */
async function migrationsIn(db: Kysely<DirectoryTables>): Promise<ReadonlySet<string>> {
  const tables = await db.introspection.getTables();
  if (!tables.some(({ name }) => name === 'ajwt_migration')) return new Set();
  const rows = await db.selectFrom('ajwt_migration').select('name').execute();
  return new Set(rows.map(({ name }) => name));
}

/** The statements that create the tables of completed migrations. Earlier versions used Kysely's migrator, which has the same tables. */
const MIGRATION_TABLES = [
  'CREATE TABLE IF NOT EXISTS ajwt_migration (name varchar(255) NOT NULL PRIMARY KEY, timestamp varchar(255) NOT NULL)',
  'CREATE TABLE IF NOT EXISTS ajwt_migration_lock (id varchar(255) NOT NULL PRIMARY KEY, is_locked integer DEFAULT 0 NOT NULL)',
];

/**
 * Returns the migrations as SQL, so that you can run them with another tool. Afterwards, `migrate()` has nothing to do.
 *
 * @param database - the kind of database; `mysql` includes MariaDB
 * @returns the statements, each with a final semicolon
 * @throws TypeError for any other kind of database
 *
 * @example
 * ```ts
 * import { writeFile } from 'node:fs/promises';
 * import { tmpdir } from 'node:os';
 * import { directoryMigrationSql } from 'asymmetric-jwt-auth/sql';
 *
 * await writeFile(`${tmpdir()}/directory.sql`, directoryMigrationSql('postgres'));
 * ```
 */
export function directoryMigrationSql(database: keyof typeof DIRECTORY_DIALECTS): string {
  const once = (table: string, columns: string, values: string, key: string) =>
    `INSERT INTO ${table} (${columns}) SELECT ${values} WHERE NOT EXISTS (SELECT 1 FROM ${table} WHERE ${key})`;
  const names = Object.keys(DIRECTORY_DIALECTS);
  checkArgument(names.includes(database), 'database', `one of ${names.join(', ')}`, database);
  const statements = [
    ...MIGRATION_TABLES,
    once('ajwt_migration_lock', 'id, is_locked', "'migration_lock', 0", "id = 'migration_lock'"),
    ...Object.entries(DIRECTORY_DIALECTS[database].migrations).flatMap(([name, steps]) => [
      ...steps,
      once('ajwt_migration', 'name, timestamp', `'${name}', '1970-01-01T00:00:00.000Z'`, `name = '${name}'`),
    ]),
  ];
  return statements.map((statement) => `${statement};\n`).join('');
}
