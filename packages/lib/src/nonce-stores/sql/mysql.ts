/**
 * Statements for nonces in MySQL and MariaDB. The incarnation consists of a random id in a MEMORY table, which a restart empties, and the
 * server's id, which differs on a replica. MariaDB runs the SQL in `M!` comments; MySQL ignores it.
 */
import type { SqlNonceDialect } from './dialect.ts';

/** Error numbers of statements that were rolled back: deadlock, lock timeout, and a row that has changed since the snapshot. */
const ROLLED_BACK = [1213, 1205, 1020];

const LIFE = "CONCAT(l.life, '/', @@server_id)";
const CLOCK = "(TIMESTAMPDIFF(MICROSECOND, TIMESTAMP'1970-01-01 00:00:00', UTC_TIMESTAMP(6)) / 1e6)";
// The server reads values as decimals. This converts them to double precision, in which times are stored.
const TIME = '(:time + 0e0)';
const NOW = '(:now + 0e0)';
const LATER = `GREATEST(${NOW}, ${CLOCK})`;
const nearOf = (now: string) => `ABS(${CLOCK} - ${now}) <= :gap`;
const NEAR = nearOf(NOW);
// If the application has left a transaction open on this connection, its rollback would undo a claim. A replica must not be written to.
const ALONE = "@@autocommit = 1 AND CONCAT(@@global.read_only) IN ('0', 'OFF') /*M! AND @@in_transaction = 0 */";
const OLD = `(LEAST(${NOW}, ${CLOCK}) - :keep)`;
// The second in which the server started. A restored dump of the MEMORY table contains an earlier one. The lower bits of UUID_SHORT are a
// counter, which adds 1 to the second every 16 million calls. ALIVE therefore accepts a difference of 600 seconds.
const STARTED = 'CAST(UUID_SHORT() >> 24 AS SIGNED)';
const ALIVE = `ABS(l.started - ${STARTED}) <= 600`;
const LIMIT = '/*M! SET STATEMENT max_statement_time = 2, innodb_lock_wait_timeout = 1 FOR */';

/**
 * Inserts records. With IGNORE, an existing key counts as 0 affected rows, even if the driver is set to count found rows. The lock is held
 * until the records are committed.
 *
 * @param records - a list of records: its definition, its join and its columns. By default, the one record `:time` and `:key`
 */
function insert({ list = '', join = '', time = TIME, key = ':key', now = NOW }): string {
  return `
    /*M! SET STATEMENT max_statement_time = :limit, innodb_lock_wait_timeout = 1 FOR */
    INSERT IGNORE INTO ajwt_nonce (time, \`key\`) ${list} SELECT ${time}, ${key} FROM ajwt_epoch e JOIN ajwt_life l ON ${ALIVE} ${join}
    WHERE e.id = 1 AND e.incarnation = ${LIFE} AND e.floor < ${time} AND e.floor >= :seen AND ${nearOf(now)} AND ${ALONE}
    LOCK IN SHARE MODE`;
}

/** The records of a group. */
const LIST = {
  list: 'WITH c (time, `key`, now) AS (VALUES :rows)',
  join: 'JOIN c',
  time: 'c.time',
  key: 'c.`key`',
  now: 'c.now',
} as const;

export const MYSQL: SqlNonceDialect = {
  placeholder: '?',
  local: false,
  isBusy: (error) => ROLLED_BACK.includes((error as { errno?: number }).errno ?? 0),
  create: [
    'CREATE TABLE IF NOT EXISTS ajwt_life (started BIGINT PRIMARY KEY, life VARBINARY(40) NOT NULL) ENGINE = MEMORY',
    'CREATE TABLE IF NOT EXISTS ajwt_epoch (id TINYINT PRIMARY KEY, incarnation VARBINARY(100) NOT NULL, floor DOUBLE NOT NULL) ENGINE = InnoDB',
    'CREATE TABLE IF NOT EXISTS ajwt_nonce (time DOUBLE NOT NULL, `key` BINARY(16) NOT NULL, PRIMARY KEY (time, `key`)) ENGINE = InnoDB',
  ],
  faults: `
    SELECT 'innodb_flush_log_at_trx_commit must be 1, or a crash loses claims' AS fault FROM DUAL
      WHERE @@innodb_flush_log_at_trx_commit <> 1
    UNION ALL SELECT 'sync_binlog must be 1 if there is a binary log, or a crash loses claims' FROM DUAL
      WHERE @@log_bin = 1 AND @@sync_binlog <> 1
    UNION ALL SELECT CONCAT('the table ', table_name, ' must have the engine InnoDB') FROM information_schema.tables
      WHERE table_schema = DATABASE() AND table_name IN ('ajwt_epoch', 'ajwt_nonce') AND engine <> 'InnoDB'`,
  // Rows are never deleted. A restarted replica no longer has them, so the deletion would fail there and stop the replication.
  wake: `
    INSERT IGNORE INTO ajwt_life (started, life) SELECT server.started, :life FROM (SELECT ${STARTED} AS started) AS server
    WHERE NOT EXISTS (SELECT 1 FROM ajwt_life l WHERE ${ALIVE})`,
  first: `
    INSERT IGNORE INTO ajwt_epoch (id, incarnation, floor) SELECT 1, ${LIFE}, LEAST(:floor + 0e0, ${CLOCK} + :keep)
    FROM ajwt_life l WHERE ${ALIVE}`,
  settle: `
    ${LIMIT} UPDATE ajwt_epoch e JOIN ajwt_life l ON ${ALIVE}
    SET e.incarnation = ${LIFE}, e.floor = GREATEST(e.floor, ${LATER} + :ahead)
    WHERE e.id = 1 AND (e.incarnation <> ${LIFE} OR e.floor < :seen) AND ${NEAR}`,
  claim: insert({}),
  group: {
    // MySQL has no RETURNING; MariaDB has it since version 10.5.
    probe: 'SELECT 0 /*M!100500 + 1 */ AS possible',
    claim: `${insert(LIST)} RETURNING CONCAT(time) AS time, LOWER(HEX(\`key\`)) AS \`key\``,
    row: `(${TIME}, :key, ${NOW})`,
  },
  look: `
    SELECT e.floor AS floor, EXISTS (SELECT 1 FROM ajwt_nonce WHERE time = ${TIME} AND \`key\` = :key) AS used,
      COALESCE(e.incarnation = ${LIFE}, 0) AS same, ${CLOCK} AS clock, ${ALONE} AS alone
    FROM ajwt_epoch e LEFT JOIN ajwt_life l ON ${ALIVE} WHERE e.id = 1`,
  raise: `
    ${LIMIT} UPDATE ajwt_epoch e JOIN (SELECT MAX(time) AS time FROM ajwt_nonce WHERE time < ${OLD}) AS old
    SET e.floor = old.time WHERE e.id = 1 AND e.floor < old.time AND ${NEAR}`,
  forget: `
    ${LIMIT} DELETE FROM ajwt_nonce WHERE time <= (SELECT floor FROM ajwt_epoch WHERE id = 1) AND time < ${OLD} AND ${NEAR}
    ORDER BY time LIMIT :most`,
  lower: `
    ${LIMIT} UPDATE ajwt_epoch SET floor = ${LATER} WHERE id = 1 AND floor > ${LATER} AND floor BETWEEN :least AND :most AND ${NEAR}`,
};
