/** Defines the directory in MySQL and MariaDB. Its columns compare strings by code points, whatever the collation of the database. */
import { sql } from 'kysely';
import type { DirectoryDialect } from './dialect.ts';
import { MigrationUnderWay } from './migration-lock.ts';

/**
 * Error numbers of a deadlock, a lock timeout, a row that has changed since the snapshot, a duplicate unique key, and a missing referenced
 * row.
 */
const MAY_TRY_AGAIN = [1213, 1205, 1020, 1062, 1452];

/** The lock's name, in SQL. Lock names are global in the server, so it contains the database's name, cut to fit into 64 characters. */
const MIGRATION_LOCK = sql.raw("CONCAT('ajwt_migration ', LEFT(DATABASE(), 48))");

const EXACT = 'CHARACTER SET utf8mb4 COLLATE utf8mb4_bin';
const NAME_OF_KEY = 'CHARACTER SET ascii COLLATE ascii_bin';
const TABLE = 'ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin';

export const MYSQL: DirectoryDialect = {
  upsert: 'ON DUPLICATE KEY',
  contains: (column, text) => sql`instr(lower(${column}), lower(${text})) > 0`,
  mayTryAgain: (error) => MAY_TRY_AGAIN.includes((error as { errno?: number }).errno ?? 0),
  isAtomic: false,
  alone: (db, work) =>
    db.connection().execute(async (connection) => {
      const lock = sql<{ taken: number | null }>`SELECT GET_LOCK(${MIGRATION_LOCK}, 0) AS taken`;
      if (Number((await lock.execute(connection)).rows[0]?.taken) !== 1) throw new MigrationUnderWay();
      try {
        return await work(connection);
      } finally {
        // If the connection is lost, the server has already released its lock.
        await sql`DO RELEASE_LOCK(${MIGRATION_LOCK})`.execute(connection).catch(() => {});
      }
    }),
  migrations: {
    '2026-11-directory': [
      // 600 characters of 4 bytes fit into an index, which allows up to 3072 bytes.
      `CREATE TABLE IF NOT EXISTS ajwt_user (
  id INTEGER PRIMARY KEY AUTO_INCREMENT,
  username VARCHAR(600) ${EXACT} NOT NULL UNIQUE,
  disabled TINYINT NOT NULL CHECK (disabled IN (0, 1)),
  created DOUBLE NOT NULL
) ${TABLE}`,
      `CREATE TABLE IF NOT EXISTS ajwt_key (
  id INTEGER PRIMARY KEY AUTO_INCREMENT,
  user_id INTEGER NOT NULL,
  fingerprint VARCHAR(64) ${NAME_OF_KEY} NOT NULL,
  owner VARCHAR(64) ${NAME_OF_KEY} UNIQUE,
  kid VARCHAR(64) ${NAME_OF_KEY} NOT NULL,
  thumbprint VARCHAR(64) ${NAME_OF_KEY} NOT NULL,
  public_key TEXT ${NAME_OF_KEY} NOT NULL,
  alg VARCHAR(16) ${NAME_OF_KEY},
  comment VARCHAR(1000) ${EXACT},
  created DOUBLE NOT NULL,
  staged TINYINT NOT NULL CHECK (staged IN (0, 1)),
  expires DOUBLE,
  retired DOUBLE,
  revoked DOUBLE,
  UNIQUE (user_id, fingerprint),
  INDEX ajwt_key_fingerprint (fingerprint),
  INDEX ajwt_key_kid (kid),
  INDEX ajwt_key_thumbprint (thumbprint),
  FOREIGN KEY (user_id) REFERENCES ajwt_user (id) ON DELETE CASCADE
) ${TABLE}`,
      `CREATE TABLE IF NOT EXISTS ajwt_revoked_key (fingerprint VARCHAR(64) ${NAME_OF_KEY} PRIMARY KEY, revoked DOUBLE NOT NULL) ${TABLE}`,
      `CREATE TABLE IF NOT EXISTS ajwt_key_use (
  fingerprint VARCHAR(64) ${NAME_OF_KEY} PRIMARY KEY,
  first_used DOUBLE,
  last_used DOUBLE,
  last_refused DOUBLE
) ${TABLE}`,
      `CREATE TABLE IF NOT EXISTS ajwt_audit (
  id INTEGER PRIMARY KEY AUTO_INCREMENT,
  at DOUBLE NOT NULL,
  actor VARCHAR(200) ${EXACT} NOT NULL,
  action VARCHAR(32) ${NAME_OF_KEY} NOT NULL,
  subject VARCHAR(600) ${EXACT} NOT NULL,
  details MEDIUMTEXT ${EXACT} NOT NULL,
  INDEX ajwt_audit_subject (subject)
) ${TABLE}`,
      `CREATE TABLE IF NOT EXISTS ajwt_revision (id TINYINT PRIMARY KEY CHECK (id = 1), revision BIGINT NOT NULL) ${TABLE}`,
      'INSERT IGNORE INTO ajwt_revision (id, revision) VALUES (1, 0)',
    ],
    '2026-11-key-sets': [
      `CREATE TABLE IF NOT EXISTS ajwt_key_set (
  id INTEGER PRIMARY KEY AUTO_INCREMENT,
  user_id INTEGER NOT NULL,
  url VARCHAR(2048) ${NAME_OF_KEY} NOT NULL,
  created DOUBLE NOT NULL,
  UNIQUE (user_id, url),
  FOREIGN KEY (user_id) REFERENCES ajwt_user (id) ON DELETE CASCADE
) ${TABLE}`,
    ],
  },
};
