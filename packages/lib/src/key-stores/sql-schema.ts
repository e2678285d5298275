/** The tables of the SQL directory, and how they come to be. */
import { type Generated, type Kysely, sql } from 'kysely';
import { type Migration, type MigrationProvider, Migrator } from 'kysely/migration';

/** The tables, as Kysely sees them. Times are seconds since the epoch. */
export interface DirectoryTables {
  ajwt_user: UserTable;
  ajwt_key: KeyTable;
  ajwt_revoked_key: RevokedKeyTable;
}

interface UserTable {
  id: Generated<number>;
  username: string;
  disabled: number;
  created: number;
}

interface KeyTable {
  /** `SHA256:…`, as `ssh-keygen -l` prints it. */
  fingerprint: string;
  user_id: number;
  kid: string;
  /** RFC 7638. */
  thumbprint: string;
  /** SPKI PEM. */
  public_key: string;
  /** The one algorithm that the key is registered for, if any. */
  alg: string | null;
  comment: string | null;
  created: number;
  expires: number | null;
  revoked: number | null;
}

/** Revoked keys of users who were removed: they do not come back with somebody else. */
interface RevokedKeyTable {
  fingerprint: string;
  revoked: number;
}

/** By name, in order. A migration that was released is never changed. */
const MIGRATIONS: Readonly<Record<string, Migration>> = {
  '2026-11-users-and-keys': {
    async up(db: Kysely<unknown>) {
      // Two processes may make the same new database: whoever comes second finds everything there.
      await db.schema
        .createTable('ajwt_user')
        .ifNotExists()
        .addColumn('id', 'integer', (column) => column.primaryKey().autoIncrement())
        .addColumn('username', 'text', (column) => column.notNull().unique())
        .addColumn('disabled', 'integer', (column) => column.notNull().check(sql`disabled IN (0, 1)`))
        .addColumn('created', 'real', (column) => column.notNull())
        .execute();
      await db.schema
        .createTable('ajwt_key')
        .ifNotExists()
        .addColumn('fingerprint', 'text', (column) => column.primaryKey())
        .addColumn('user_id', 'integer', (column) => column.notNull().references('ajwt_user.id').onDelete('cascade'))
        .addColumn('kid', 'text', (column) => column.notNull().unique())
        .addColumn('thumbprint', 'text', (column) => column.notNull().unique())
        .addColumn('public_key', 'text', (column) => column.notNull())
        .addColumn('alg', 'text')
        .addColumn('comment', 'text')
        .addColumn('created', 'real', (column) => column.notNull())
        .addColumn('expires', 'real')
        .addColumn('revoked', 'real')
        .execute();
      await db.schema.createIndex('ajwt_key_user').ifNotExists().on('ajwt_key').column('user_id').execute();
      await db.schema
        .createTable('ajwt_revoked_key')
        .ifNotExists()
        .addColumn('fingerprint', 'text', (column) => column.primaryKey())
        .addColumn('revoked', 'real', (column) => column.notNull())
        .execute();
      for (const statement of REVISION) await sql.raw(statement).execute(db);
    },
  },
};

/** A number that every change raises, whoever makes it: so that caches see it (`directoryRevision`). */
const REVISION = [
  'CREATE TABLE IF NOT EXISTS ajwt_revision (id INTEGER PRIMARY KEY CHECK (id = 1), revision INTEGER NOT NULL)',
  'INSERT INTO ajwt_revision (id, revision) VALUES (1, 0) ON CONFLICT DO NOTHING',
  ...['user', 'key'].flatMap((table) =>
    ['insert', 'update', 'delete'].map(
      (change) =>
        `CREATE TRIGGER IF NOT EXISTS ajwt_${table}_${change} AFTER ${change} ON ajwt_${table} BEGIN UPDATE ajwt_revision SET revision = revision + 1; END`,
    ),
  ),
];

const PROVIDER: MigrationProvider = { getMigrations: async () => ({ ...MIGRATIONS }) };

function migrator(db: Kysely<DirectoryTables>): Migrator {
  return new Migrator({
    db,
    provider: PROVIDER,
    migrationTableName: 'ajwt_migration',
    migrationLockTableName: 'ajwt_migration_lock',
  });
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
