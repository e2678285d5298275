/** How the tables of the SQL directory come to be. */
import { type Kysely, sql } from 'kysely';
import { type Migration, type MigrationProvider, Migrator } from 'kysely/migration';
import { DIRECTORY_DIALECTS, directoryDialectOf } from './sql/dialect.ts';
import type { DirectoryTables } from './sql/tables.ts';

function migrator(db: Kysely<DirectoryTables>): Migrator {
  const { migrations } = directoryDialectOf(db);
  const provider: MigrationProvider = {
    getMigrations: async () =>
      Object.fromEntries(Object.entries(migrations).map(([name, statements]) => [name, migrationOf(statements)])),
  };
  return new Migrator({
    db,
    provider,
    migrationTableName: 'ajwt_migration',
    migrationLockTableName: 'ajwt_migration_lock',
  });
}

function migrationOf(statements: readonly string[]): Migration {
  return {
    async up(db: Kysely<unknown>) {
      for (const statement of statements) await sql.raw(statement).execute(db);
    },
  };
}

/** Names of the migrations that a database lacks, in order; all of them for a new one. */
export async function pendingMigrations(db: Kysely<DirectoryTables>): Promise<readonly string[]> {
  const migrations = await migrator(db).getMigrations();
  return migrations.filter(({ executedAt }) => executedAt === undefined).map(({ name }) => name);
}

/**
 * Brings a database up to date.
 *
 * @returns names of the migrations that were made, in order
 * @throws what the database, or Kysely's migrator, throws: nothing is half there then but in databases whose DDL has no transactions
 */
export async function runMigrations(db: Kysely<DirectoryTables>): Promise<readonly string[]> {
  const pending = await pendingMigrations(db);
  if (pending.length === 0) return [];
  const { error } = await migrator(db).migrateToLatest();
  // Another process may have been faster: what counts is that all is there.
  if (error !== undefined && (await pendingMigrations(db)).length > 0) throw error;
  return pending;
}

/** What Kysely's migrator keeps its books in. */
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
