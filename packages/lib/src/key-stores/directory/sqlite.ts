/** Defines the directory in SQLite. */
import { sql } from 'kysely';
import { isSqliteBusy } from '../../kysely/retry-while-busy.ts';
import type { DirectoryDialect } from './dialect.ts';

/** Error codes of a duplicate unique key, a duplicate primary key, and a missing referenced row. */
const OUTRUN = [2067, 1555, 787];

/** Triggers that increase the revision after manual changes too, so that `directoryRevision` notices them. */
const triggersOf = (table: string) =>
  ['insert', 'update', 'delete'].map(
    (change) =>
      `CREATE TRIGGER IF NOT EXISTS ${table}_${change} AFTER ${change} ON ${table} BEGIN UPDATE ajwt_revision SET revision = revision + 1; END`,
  );

export const SQLITE: DirectoryDialect = {
  upsert: 'ON CONFLICT',
  contains: (column, text) => sql`instr(lower(${column}), lower(${text})) > 0`,
  mayTryAgain(error) {
    return isSqliteBusy(error) || OUTRUN.includes((error as { errcode?: number }).errcode ?? 0);
  },
  isAtomic: true,
  alone: (db, work) =>
    db.connection().execute(async (connection) => {
      await sql`BEGIN IMMEDIATE`.execute(connection);
      try {
        const result = await work(connection);
        await sql`COMMIT`.execute(connection);
        return result;
      } catch (error) {
        // Some errors have already ended the transaction.
        await sql`ROLLBACK`.execute(connection).catch(() => {});
        throw error;
      }
    }),
  migrations: {
    '2026-11-directory': [
      `CREATE TABLE IF NOT EXISTS ajwt_user (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  username TEXT NOT NULL UNIQUE,
  disabled INTEGER NOT NULL CHECK (disabled IN (0, 1)),
  created REAL NOT NULL
)`,
      `CREATE TABLE IF NOT EXISTS ajwt_key (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  user_id INTEGER NOT NULL REFERENCES ajwt_user (id) ON DELETE CASCADE,
  fingerprint TEXT NOT NULL,
  owner TEXT UNIQUE,
  kid TEXT NOT NULL,
  thumbprint TEXT NOT NULL,
  public_key TEXT NOT NULL,
  alg TEXT,
  comment TEXT,
  created REAL NOT NULL,
  staged INTEGER NOT NULL CHECK (staged IN (0, 1)),
  expires REAL,
  retired REAL,
  revoked REAL,
  UNIQUE (user_id, fingerprint)
)`,
      'CREATE INDEX IF NOT EXISTS ajwt_key_fingerprint ON ajwt_key (fingerprint)',
      'CREATE INDEX IF NOT EXISTS ajwt_key_kid ON ajwt_key (kid)',
      'CREATE INDEX IF NOT EXISTS ajwt_key_thumbprint ON ajwt_key (thumbprint)',
      'CREATE TABLE IF NOT EXISTS ajwt_revoked_key (fingerprint TEXT PRIMARY KEY, revoked REAL NOT NULL)',
      'CREATE TABLE IF NOT EXISTS ajwt_key_use (fingerprint TEXT PRIMARY KEY, first_used REAL, last_used REAL, last_refused REAL)',
      `CREATE TABLE IF NOT EXISTS ajwt_audit (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  at REAL NOT NULL,
  actor TEXT NOT NULL,
  action TEXT NOT NULL,
  subject TEXT NOT NULL,
  details TEXT NOT NULL
)`,
      'CREATE INDEX IF NOT EXISTS ajwt_audit_subject ON ajwt_audit (subject)',
      'CREATE TABLE IF NOT EXISTS ajwt_revision (id INTEGER PRIMARY KEY CHECK (id = 1), revision INTEGER NOT NULL)',
      'INSERT INTO ajwt_revision (id, revision) VALUES (1, 0) ON CONFLICT DO NOTHING',
      ...['ajwt_user', 'ajwt_key'].flatMap(triggersOf),
    ],
    '2026-11-key-sets': [
      `CREATE TABLE IF NOT EXISTS ajwt_key_set (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  user_id INTEGER NOT NULL REFERENCES ajwt_user (id) ON DELETE CASCADE,
  url TEXT NOT NULL,
  created REAL NOT NULL,
  UNIQUE (user_id, url)
)`,
      ...triggersOf('ajwt_key_set'),
    ],
  },
};
