/** Says what the nonce store promises, and finds settings of its server that would break the promise. */
import { sql } from 'kysely';
import type { Config } from '../../config.ts';
import { type AnyDatabase, type OpenTables, readValue } from './database.ts';
import { type Finding, findingsOf } from './finding.ts';
import type { OpenRedis } from './redis.ts';

const { ok, hint, warning, problem } = findingsOf('nonces');

/** What each store promises (docs/THREAT_MODEL.md). */
const PROMISES = {
  memory:
    'nonces are kept in the memory of one process: after a restart, tokens dated before it are refused, and a used token that is dated ahead may work once more',
  sqlite:
    'nonces are kept in SQLite, for all processes of this machine: a restart or a killed process loses none; after a crash of the machine, tokens dated before it are refused',
  server:
    'nonces are kept in the database, for all machines: a restart or a crash loses none; after a failover, tokens dated before it are refused',
  redis:
    'nonces are kept in Redis, for all machines: after a restart or failover of Redis, tokens dated before it are refused, and one that was used before it and is dated ahead may work once more',
} as const;

/** A floor that is further in the future than this many seconds is wrong: T + M, and the gap that two clocks may have. */
const FAR_AHEAD = 10;

export async function checkNonces(
  { nonces, database }: Config,
  tables: OpenTables | undefined,
  redis: OpenRedis | undefined,
): Promise<readonly Finding[]> {
  if (nonces.kind === 'memory') {
    const todo = 'if several processes serve the same users, or to accept no token twice, use --nonces database';
    return [hint(PROMISES.memory, todo)];
  }
  if (nonces.kind === 'redis') return [ok(PROMISES.redis), ...(redis?.findings ?? [])];
  const promise = ok(PROMISES[database.kind === 'sqlite' ? 'sqlite' : 'server']);
  const db = tables?.db;
  // The check of the database has reported why it cannot be read.
  if (db === undefined) return [promise];
  const ofServer = database.kind === 'sqlite' ? [] : await SETTINGS[database.kind](db);
  return [promise, ...ofServer, ...(await floor(db, tables?.tables ?? new Set()))];
}

const SETTINGS = { postgres: ofPostgres, mysql: ofMysql } as const;

async function ofPostgres(db: AnyDatabase): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for (const setting of ['fsync', 'full_page_writes']) {
    if ((await readValue(db, `current_setting('${setting}')`)) === 'on') continue;
    const what = `PostgreSQL has ${setting} = off: a crash of its machine can lose or damage nonces, so that tokens are accepted twice`;
    findings.push(problem(what, `set ${setting} = on`));
  }
  const unlogged = await sql<{ name: string }>`
    SELECT relname AS name FROM pg_class
    WHERE oid IN (to_regclass('ajwt_epoch'), to_regclass('ajwt_nonce')) AND relpersistence <> 'p'`.execute(db);
  for (const { name } of unlogged.rows) {
    findings.push(problem(`the table ${name} is not logged: a crash empties it`, `ALTER TABLE ${name} SET LOGGED`));
  }
  const standbys = Number(await readValue(db, '(SELECT count(*) FROM pg_stat_replication)'));
  if (standbys > 0 && (await readValue(db, "current_setting('synchronous_standby_names')")) === '') {
    findings.push(hint(ASYNCHRONOUS, 'set synchronous_standby_names, if no token may ever work twice'));
  }
  return findings;
}

const ASYNCHRONOUS =
  'replication is asynchronous: after a failover, a token that was used just before it and is dated ahead may work once more';

async function ofMysql(db: AnyDatabase): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  const setting = async (name: string) => Number(await readValue(db, `@@${name}`));
  if ((await setting('innodb_flush_log_at_trx_commit')) !== 1) {
    const what = 'innodb_flush_log_at_trx_commit is not 1: a crash loses nonces, so ajwtd responds with 503';
    findings.push(problem(what, 'set innodb_flush_log_at_trx_commit = 1'));
  }
  if ((await setting('log_bin')) === 1) {
    if ((await setting('sync_binlog')) !== 1) {
      const what = 'sync_binlog is not 1: a crash loses nonces, so ajwtd responds with 503';
      findings.push(problem(what, 'set sync_binlog = 1'));
    }
    findings.push(
      hint(
        `if there is a replica, ${ASYNCHRONOUS}`,
        'use semi-synchronous replication, if no token may ever work twice',
      ),
    );
  }
  return findings;
}

/** Finds a floor in the future, which a wrong clock has set: tokens dated before the floor are refused. */
async function floor(db: AnyDatabase, tables: ReadonlySet<string>): Promise<readonly Finding[]> {
  if (!tables.has('ajwt_epoch')) return [];
  const row = await db.selectFrom('ajwt_epoch').select('floor').where('id', '=', 1).executeTakeFirst();
  if (row === undefined) {
    const what = 'the table ajwt_epoch is empty: ajwtd responds with 503';
    return [problem(what, 'restore the nonce tables, or drop ajwt_nonce, ajwt_epoch and ajwt_life')];
  }
  const ahead = Number(row.floor) - Date.now() / 1000;
  if (ahead <= FAR_AHEAD) return [];
  const what = `tokens are refused until the clock reaches ${new Date(Number(row.floor) * 1000).toISOString()}, because a clock was that far ahead`;
  return [warning(what, 'check the clocks; `ajwtd serve` corrects this by itself within about a minute')];
}
