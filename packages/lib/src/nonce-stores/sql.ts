/** Nonces in SQLite through Kysely (spec/PROTOCOL.md, replay rule): for all processes of one machine that share the file. */

import { CompiledQuery } from 'kysely';
import { sha256 } from '#engine';
import {
  type ClaimOutcome,
  type NonceClaim,
  type NonceStore,
  type Readiness,
  UnavailableError,
} from '../core/contracts.ts';
import { checkOptions, DEFAULT_TOLERANCE, MAX_TOLERANCE, numberOption, type OptionKinds } from '../core/options.ts';
import { Closing } from './closing.ts';
import { justBelow } from './just-below.ts';
import { machineLife } from './machine-life.ts';
import { UserRate } from './user-rate.ts';

/** What an SQL nonce store may be told. */
export interface SqlNonceStoreOptions {
  /** The authenticator's tolerance T, in seconds; 1 to 600, default 20. */
  readonly tolerance?: number;
  /** Clock margin M, in seconds: records are kept that much longer than a token is good; 1 to 600, default 20. */
  readonly margin?: number;
  /** Claims that one user may make in a second, in each process; default 2000. */
  readonly perUser?: number;
  /**
   * Which life of the machine this is: another one than the last means that claims may be lost. Default: the kernel's boot id;
   * where there is none, an id of this process.
   */
  readonly incarnation?: string;
  /** Seconds that only ever go forward; default the process's monotonic clock. */
  readonly monotonic?: () => number;
}

const OPTIONS: OptionKinds<SqlNonceStoreOptions> = {
  tolerance: 'any',
  margin: 'any',
  perUser: 'any',
  incarnation: 'text',
  monotonic: 'function',
};

/** Milliseconds for a statement of a claim, waiting for other processes included. */
const DEADLINE = 150;
/** And for opening, before anything is served. */
const OPENING = 2000;
/** Records that one transaction deletes. */
const DELETED_AT_ONCE = 500;

/** The statements, each one transaction. */
const SQL = {
  create: [
    'CREATE TABLE IF NOT EXISTS ajwt_epoch (id INTEGER PRIMARY KEY CHECK (id = 1), incarnation TEXT NOT NULL, floor REAL NOT NULL)',
    'CREATE TABLE IF NOT EXISTS ajwt_nonce (time REAL NOT NULL, key BLOB NOT NULL, PRIMARY KEY (time, key)) WITHOUT ROWID',
  ],
  // A new database may stand where another was: its floor lies just below the present second, which costs nobody a wait. In another
  // life than the recorded one, the floor rises to now.
  settle:
    'INSERT INTO ajwt_epoch (id, incarnation, floor) VALUES (1, ?, ?) ON CONFLICT (id) DO UPDATE SET incarnation = excluded.incarnation, floor = max(floor, ?) WHERE incarnation <> excluded.incarnation',
  claim:
    'INSERT INTO ajwt_nonce (time, key) SELECT ?, ? FROM ajwt_epoch WHERE id = 1 AND incarnation = ? AND floor < ? ON CONFLICT DO NOTHING',
  floor: 'SELECT floor FROM ajwt_epoch WHERE id = 1',
  look: 'SELECT incarnation, floor, EXISTS (SELECT 1 FROM ajwt_nonce WHERE time = ? AND key = ?) AS used FROM ajwt_epoch WHERE id = 1',
  // To what will be forgotten, not to the clock: a clock that is wrong by years then locks nobody out.
  raiseFloor:
    'UPDATE ajwt_epoch SET floor = max(floor, (SELECT coalesce(max(time), -1) FROM ajwt_nonce WHERE time < ?)) WHERE id = 1',
  forget: `DELETE FROM ajwt_nonce WHERE (time, key) IN (SELECT time, key FROM ajwt_nonce WHERE time < ? AND time <= (SELECT floor FROM ajwt_epoch) LIMIT ${DELETED_AT_ONCE})`,
  lowerFloor: 'UPDATE ajwt_epoch SET floor = ? WHERE id = 1 AND floor = ?',
} as const;

/** What is needed of a `Kysely` instance. */
export interface SqlDatabase {
  executeQuery(
    query: CompiledQuery,
  ): Promise<{ readonly rows: unknown[]; readonly numAffectedRows?: bigint | undefined }>;
}

interface Looked {
  readonly incarnation: string;
  readonly floor: number;
  readonly used: number;
}

/**
 * Makes a nonce store in an SQLite database, and its two tables where they are not there. Give it a `Kysely` of its own, over
 * {@link nodeSqlite}: a long transaction of the application on the same connection would hold up every claim.
 *
 * What it promises: a claim that was answered survives a killed process (`synchronous=NORMAL`), and after a crash of the machine
 * every token from before is refused. What remains: a database
 * file that was put back from a copy while the machine ran, and a clock that was wrong by more than T + M and is put right.
 * Where the kernel has no boot id, open the file from one process only, with `synchronous=FULL`.
 *
 * @throws TypeError for an option that is unknown or out of its range; the message names it
 */
export function sqlNonceStore(database: SqlDatabase, options: SqlNonceStoreOptions = {}): NonceStore {
  checkOptions(options, OPTIONS);
  const { incarnation = machineLife(), monotonic = () => performance.now() / 1000 } = options;
  const tolerance = numberOption('tolerance', options.tolerance, DEFAULT_TOLERANCE, 1, MAX_TOLERANCE);
  const margin = numberOption('margin', options.margin, DEFAULT_TOLERANCE, 1, MAX_TOLERANCE);
  const perUser = numberOption('perUser', options.perUser, 2000, 1, 2 ** 31);
  const rate = new UserRate(perUser);

  let opened: Promise<void> | undefined;
  let state: Readiness = { ready: false, why: 'the database was not asked yet' };
  let settledFloor = Number.NEGATIVE_INFINITY;
  let tidiedAt = Number.NEGATIVE_INFINITY;
  const closing = new Closing(2 * tolerance + margin, margin, monotonic);

  const execute = (sql: string, ...values: unknown[]) => database.executeQuery(CompiledQuery.raw(sql, values));
  const patiently = <T>(work: () => Promise<T>, deadline = DEADLINE) => retryWhileBusy(work, deadline);

  async function create(now: number, deadline: number): Promise<void> {
    for (const statement of SQL.create) await patiently(() => execute(statement), deadline);
    await settle(now, deadline);
  }

  /** Once for each life of the machine, whoever comes first: the floor rises to now. */
  async function settle(now: number, deadline = DEADLINE): Promise<void> {
    await patiently(() => execute(SQL.settle, incarnation, justBelow(Math.floor(now)), now), deadline);
    const { rows } = await patiently(() => execute(SQL.floor), deadline);
    settledFloor = (rows[0] as { floor: number }).floor;
    state = READY;
  }

  function open(now: number, deadline = OPENING): Promise<void> {
    opened ??= create(now, deadline).catch((error: unknown) => {
      opened = undefined;
      throw error;
    });
    return opened;
  }

  async function decide({ username, time, nonce }: NonceClaim, now: number, allowed: boolean): Promise<ClaimOutcome> {
    await open(now, DEADLINE);
    const key = replayKey(username, nonce);
    if (allowed) {
      const { numAffectedRows } = await patiently(() => execute(SQL.claim, time, key, incarnation, time));
      if (numAffectedRows === 1n) {
        closing.check(false, now);
        return 'claimed';
      }
    }

    const { rows } = await patiently(() => execute(SQL.look, time, key));
    const found = rows[0] as Looked | undefined;
    if (found === undefined)
      throw new UnavailableError('the nonce tables were emptied; restore them, or remove them both');
    await mend(found.floor, now);
    if (found.used === 1) return 'replayed';
    if (!allowed) return 'rate_limited';
    if (found.incarnation !== incarnation) {
      await settle(now);
      return 'forgotten';
    }
    if (time <= found.floor) return 'forgotten';
    throw new UnavailableError('the nonce could neither be claimed nor found; try again');
  }

  /** A floor in the far future would lock everybody out until then. */
  async function mend(floor: number, now: number): Promise<void> {
    const state = closing.check(floor > now + tolerance + margin, now);
    if (state === 'open') return;
    if (state === 'over') await patiently(() => execute(SQL.lowerFloor, now, floor));
    throw new UnavailableError('the clock lies further back than the margin allows; check the clock');
  }

  /** Forgets what no token can come from any more, a little at a time: the floor rises first, in a transaction of its own. */
  async function tidy(now: number): Promise<void> {
    if (Math.floor(now) === tidiedAt) return;
    tidiedAt = Math.floor(now);
    const before = now - tolerance - margin;
    await patiently(() => execute(SQL.raiseFloor, before));
    for (let deleted = DELETED_AT_ONCE; deleted === DELETED_AT_ONCE; ) {
      const { numAffectedRows } = await patiently(() => execute(SQL.forget, before));
      deleted = Number(numAffectedRows ?? 0n);
    }
  }

  return {
    tolerance,
    open: (now) => open(now),
    readiness(now) {
      const justRaised = Math.floor(now) === Math.floor(settledFloor);
      return justRaised
        ? { ready: false, why: 'claims from before a crash may be lost; serving from the next second on' }
        : state;
    },

    async claim(nonce, now) {
      // Counted at once: however many claims are under way, no more than these are made.
      const allowed = rate.take(nonce.username, now);
      let outcome: ClaimOutcome | undefined;
      try {
        outcome = await decide(nonce, now, allowed);
      } catch (error) {
        const why = error instanceof Error ? error.message : 'the database does not answer';
        state = { ready: false, why };
        throw new UnavailableError(why, { cause: error });
      } finally {
        if (allowed && outcome !== 'claimed') rate.giveBack(nonce.username);
      }
      state = READY;
      // Whoever claims does not wait for it; what could not be forgotten now is forgotten a second later.
      tidy(now).catch(() => {});
      return outcome;
    },
  };
}

const READY: Readiness = { ready: true };

/** 128 bits of SHA-256 over the username's length, the username and the nonce with its type; the time is a column of its own. */
function replayKey(username: string, nonce: string | number): Uint8Array {
  const tagged = typeof nonce === 'number' ? `#${nonce + 0}` : `"${nonce}`;
  return sha256(`${username.length}:${username}${tagged}`).subarray(0, 16);
}

/** Another process has the lock for a moment: the statement has not run, and may be tried again, without blocking this one. */
async function retryWhileBusy<T>(work: () => Promise<T>, deadline: number): Promise<T> {
  const end = performance.now() + deadline;
  for (let pause = 1; ; pause *= 2) {
    try {
      return await work();
    } catch (error) {
      if (!isBusy(error)) throw error;
      if (performance.now() + pause > end)
        throw new UnavailableError('the database is locked by another process', { cause: error });
    }
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}

/** SQLITE_BUSY, in all its extended forms. */
function isBusy(error: unknown): boolean {
  return (((error as { errcode?: number }).errcode ?? 0) & 0xff) === 5;
}
