/** Statements for nonces in SQLite. The incarnation is the id of the machine's current boot or of the process. It is passed as `:life`. */
import { isSqliteBusy } from '../../kysely/retry-while-busy.ts';
import type { SqlNonceDialect } from './dialect.ts';

export const SQLITE: SqlNonceDialect = {
  placeholder: '?',
  local: true,
  isBusy: isSqliteBusy,
  create: [
    'CREATE TABLE IF NOT EXISTS ajwt_epoch (id INTEGER PRIMARY KEY CHECK (id = 1), incarnation TEXT NOT NULL, floor REAL NOT NULL)',
    'CREATE TABLE IF NOT EXISTS ajwt_nonce (time REAL NOT NULL, key BLOB NOT NULL, PRIMARY KEY (time, key)) WITHOUT ROWID',
  ],
  first: 'INSERT INTO ajwt_epoch (id, incarnation, floor) VALUES (1, :life, :floor) ON CONFLICT DO NOTHING',
  settle: `
    UPDATE ajwt_epoch SET incarnation = :life, floor = max(floor, :now + :ahead)
    WHERE id = 1 AND (incarnation <> :life OR floor < :seen)`,
  claim: `
    INSERT INTO ajwt_nonce (time, key) SELECT :time, :key FROM ajwt_epoch
    WHERE id = 1 AND incarnation = :life AND floor < :time AND floor >= :seen ON CONFLICT DO NOTHING`,
  group: {
    claim: `
      INSERT INTO ajwt_nonce (time, key) SELECT claim.column1, claim.column2 FROM ajwt_epoch, (VALUES :rows) AS claim
      WHERE id = 1 AND incarnation = :life AND floor < claim.column1 AND floor >= :seen ON CONFLICT DO NOTHING
      RETURNING time, lower(hex(key)) AS key`,
    row: '(:time, :key)',
  },
  look: `
    SELECT floor, EXISTS (SELECT 1 FROM ajwt_nonce WHERE time = :time AND key = :key) AS used,
      incarnation = :life AS same, :now AS clock, 1 AS alone
    FROM ajwt_epoch WHERE id = 1`,
  raise: `
    UPDATE ajwt_epoch SET floor = old.time FROM (SELECT max(time) AS time FROM ajwt_nonce WHERE time < :now - :keep) AS old
    WHERE id = 1 AND floor < old.time`,
  forget: `
    DELETE FROM ajwt_nonce WHERE (time, key) IN
      (SELECT time, key FROM ajwt_nonce WHERE time <= (SELECT floor FROM ajwt_epoch) AND time < :now - :keep LIMIT :most)`,
  lower: 'UPDATE ajwt_epoch SET floor = :now WHERE id = 1 AND floor > :now AND floor BETWEEN :least AND :most',
};
