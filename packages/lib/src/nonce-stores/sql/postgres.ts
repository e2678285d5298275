/**
 * Statements for nonces in PostgreSQL. The incarnation consists of the server's start time, the timeline, and the file of the nonce table.
 * Each claim reads it. A restart, a promotion, TRUNCATE and a restored dump each change it.
 */
import type { SqlNonceDialect } from './dialect.ts';

/**
 * SQLSTATEs of statements that were rolled back: serialization failure, deadlock, lock timeout, and an existing table, type or index. IF
 * NOT EXISTS does not see those that another process has just created.
 */
const ROLLED_BACK = ['40001', '40P01', '55P03', '23505', '42P07', '42710'];

// On a standby, pg_current_wal_lsn() fails, and so does the claim. pg_control_checkpoint() would notice a promotion too late.
const LIFE = `concat_ws('/', CAST(extract(epoch FROM pg_postmaster_start_time()) * 1000000 AS bigint),
  left(pg_walfile_name(pg_current_wal_lsn()), 8), pg_relation_filenode(CAST('ajwt_nonce' AS regclass)))`;
const CLOCK = 'CAST(extract(epoch FROM clock_timestamp()) AS float8)';
const NOW = 'CAST(:now AS float8)';
const LATER = `greatest(${NOW}, ${CLOCK})`;
const nearOf = (now: string) => `abs(${CLOCK} - ${now}) <= CAST(:gap AS float8)`;
const NEAR = nearOf(NOW);
// If the application has left a transaction open on this connection, its rollback would undo a claim.
const ALONE = "statement_timestamp() - transaction_timestamp() < interval '100 milliseconds'";
const OLD = `least(${NOW}, ${CLOCK}) - CAST(:keep AS float8)`;

/**
 * Makes this transaction durable, and limits its wait for locks. The settings end with the transaction, because the application may use the
 * same connections.
 */
function guarded(limit: string): string {
  // Keeps remote_apply, the only setting that is stronger than on.
  const durable = "CASE current_setting('synchronous_commit') WHEN 'remote_apply' THEN 'remote_apply' ELSE 'on' END";
  return `set_config('synchronous_commit', ${durable}, true) IS NOT NULL
    AND set_config('lock_timeout', '${limit}', true) IS NOT NULL`;
}

/** The epoch, if the database has lost no claims and this connection can make them durable. */
const CURRENT = `id = 1 AND incarnation = ${LIFE} AND floor >= CAST(:seen AS float8) AND ${ALONE} AND ${guarded(':limit s')}`;

export const POSTGRES: SqlNonceDialect = {
  placeholder: '$n',
  local: false,
  isBusy: (error) => ROLLED_BACK.includes((error as { code?: string }).code ?? ''),
  create: [
    'CREATE TABLE IF NOT EXISTS ajwt_epoch (id integer PRIMARY KEY CHECK (id = 1), incarnation text NOT NULL, floor float8 NOT NULL)',
    'CREATE TABLE IF NOT EXISTS ajwt_nonce (time float8 NOT NULL, key bytea NOT NULL, PRIMARY KEY (time, key))',
  ],
  // If one backend crashes, PostgreSQL empties unlogged tables, but the server keeps its start time.
  faults: `
    SELECT 'the table ' || relname || ' is not logged; ALTER TABLE ' || relname || ' SET LOGGED' AS fault FROM pg_class
    WHERE oid IN (CAST('ajwt_epoch' AS regclass), CAST('ajwt_nonce' AS regclass)) AND relpersistence <> 'p'`,
  first: `
    INSERT INTO ajwt_epoch (id, incarnation, floor) SELECT 1, ${LIFE}, least(CAST(:floor AS float8), ${CLOCK} + CAST(:keep AS float8))
    WHERE ${guarded('1s')} ON CONFLICT DO NOTHING`,
  settle: `
    UPDATE ajwt_epoch SET incarnation = ${LIFE}, floor = greatest(floor, ${LATER} + CAST(:ahead AS float8))
    WHERE id = 1 AND (incarnation <> ${LIFE} OR floor < CAST(:seen AS float8)) AND ${NEAR} AND ${guarded('1s')}`,
  // FOR SHARE reads the latest epoch, and locks it until the record is committed. At isolation levels above READ COMMITTED, it fails if the
  // epoch has changed.
  claim: `
    INSERT INTO ajwt_nonce (time, key) SELECT CAST(:time AS float8), CAST(:key AS bytea) FROM ajwt_epoch
    WHERE ${CURRENT} AND floor < CAST(:time AS float8) AND ${NEAR}
    FOR SHARE ON CONFLICT DO NOTHING`,
  // The subquery locks the epoch once. Lists are strings, because drivers convert arrays in different ways. With fewer digits than set
  // here, a time would come back as another number.
  group: {
    claim: `
      INSERT INTO ajwt_nonce (time, key) SELECT claim.time, claim.key
      FROM (
        SELECT floor FROM ajwt_epoch WHERE ${CURRENT} AND set_config('extra_float_digits', '1', true) IS NOT NULL FOR SHARE
      ) AS epoch, (
        SELECT CAST(time AS float8) AS time, decode(hex, 'hex') AS key, CAST(now AS float8) AS now
        FROM unnest(string_to_array(:rows.time, ','), string_to_array(:rows.hex, ','), string_to_array(:rows.now, ',')) AS list (time, hex, now)
      ) AS claim
      WHERE epoch.floor < claim.time AND ${nearOf('claim.now')}
      ON CONFLICT DO NOTHING RETURNING CAST(time AS text) AS time, encode(key, 'hex') AS key`,
  },
  look: `
    SELECT floor, EXISTS (SELECT 1 FROM ajwt_nonce WHERE time = CAST(:time AS float8) AND key = CAST(:key AS bytea)) AS used,
      incarnation = ${LIFE} AS same, ${CLOCK} AS clock, ${ALONE} AS alone
    FROM ajwt_epoch WHERE id = 1`,
  raise: `
    UPDATE ajwt_epoch SET floor = old.time FROM (SELECT max(time) AS time FROM ajwt_nonce WHERE time < ${OLD}) AS old
    WHERE id = 1 AND floor < old.time AND ${NEAR} AND ${guarded('1s')}`,
  forget: `
    DELETE FROM ajwt_nonce WHERE (time, key) IN
      (SELECT time, key FROM ajwt_nonce WHERE time <= (SELECT floor FROM ajwt_epoch) AND time < ${OLD} LIMIT CAST(:most AS integer))
    AND ${NEAR}`,
  lower: `UPDATE ajwt_epoch SET floor = ${LATER} WHERE id = 1 AND floor > ${LATER} AND floor BETWEEN CAST(:least AS float8) AND CAST(:most AS float8) AND ${NEAR} AND ${guarded('1s')}`,
};
