/** Stores used nonces in an SQL database through Kysely (spec/PROTOCOL.md §4), for all processes that share the database. */
import { type ClaimOutcome, type NonceClaim, type NonceStore, UnavailableError } from '../../core/contracts.ts';
import { Closing } from '../shared/closing.ts';
import { CLOSED, Lifetime } from '../shared/lifetime.ts';
import { replayKey } from '../shared/replay-key.ts';
import { before, type SqlDatabase } from './database.ts';
import { dialectOf } from './dialects.ts';
import { Epoch } from './epoch.ts';
import { everySecond } from './every-second.ts';
import { readSqlOptions, type SqlNonceStoreOptions } from './options.ts';
import { UserRate } from './user-rate.ts';

export type { SqlDatabase, SqlNonceStoreOptions };

/** A nonce store that checks its database server once a second. */
export interface SqlNonceStore extends NonceStore {
  /** Stops the checks, and waits for claims in flight. Destroy the `Kysely` instance yourself afterwards. */
  close(): Promise<void>;
}

/**
 * Creates a nonce store in an SQL database, and its tables if they are missing. Give it its own `Kysely` instance: on a shared connection,
 * a long transaction of the application would delay every claim, and the rollback of an open one would undo claims.
 *
 * All processes that share the database together accept each (username, time, nonce) once, even if a process or the database is killed.
 * Exceptions:
 *
 * - SQLite, for all processes of one machine, through `nodeSqliteDialect`: a file that is restored from a copy while no process that used
 *   the newer file is running. If the kernel has no boot id, only one process may open the file, with `synchronous=FULL`.
 * - PostgreSQL: claims are durable, whatever the server's `synchronous_commit` is. After a restart or a promotion, the
 *   floor rises to the later of the database's clock and the caller's. A promoted asynchronous standby may lack the
 *   last claims: with `fresh`, their tokens work once more if they are dated after the store noticed the promotion. In
 *   a split brain, each of two primaries accepts the same token once.
 * - MySQL and MariaDB: the same as PostgreSQL. The store refuses a server unless `innodb_flush_log_at_trx_commit` is 1 and, with a binary
 *   log, `sync_binlog` is 1. In a multi-primary cluster, write to one node only.
 * - All databases: a clock that was wrong by more than T + M and is then corrected, and records that were deleted by hand.
 *
 * @example
 * ```ts
 * import { nodeSqliteDialect, sqlNonceStore } from 'asymmetric-jwt-auth/sql';
 * import { Kysely } from 'kysely';
 *
 * const database = new Kysely<unknown>({ dialect: nodeSqliteDialect(':memory:') });
 * const nonces = sqlNonceStore(database);
 * const now = Date.now() / 1000;
 * const claim = { username: 'guido', time: now, nonce: 'r4nd0m' };
 * console.log(await nonces.claim(claim, now)); // claimed
 * console.log(await nonces.claim(claim, now)); // replayed
 * await nonces.close();
 * await database.destroy();
 * ```
 *
 * @param database - a `Kysely` instance for SQLite, PostgreSQL, MySQL or MariaDB
 * @param options - {@link SqlNonceStoreOptions}
 * @returns a store whose `claim` rejects with UnavailableError, and whose `open` also rejects with errors of the database
 * @throws TypeError for an option that is unknown or out of its range, for a transaction, and for an unsupported database
 */
export function sqlNonceStore(database: SqlDatabase, options: SqlNonceStoreOptions = {}): SqlNonceStore {
  const dialect = dialectOf(database);
  const settings = readSqlOptions(options, dialect);
  const { tolerance, clockMargin, deadlineMs, rise, monotonic } = settings;
  const epoch = new Epoch(database, dialect, settings);
  const rate = new UserRate(settings.maxClaimsPerSecond);
  const closing = new Closing(tolerance, clockMargin, monotonic);
  const lifetime = new Lifetime();

  let opening: Promise<void> | undefined;
  let isOpen = false;
  let isWatched = false;
  /** Why the last request to the database failed, until one succeeds. */
  let failure: string | undefined = 'the database has not been checked yet';

  function open(now: number): Promise<void> {
    if (!isWatched && !dialect.local) everySecond((time) => lifetime.run(() => watch(time)), lifetime.signal);
    isWatched = true;
    opening ??= epoch.open(now).then(
      () => {
        isOpen = true;
        failure = undefined;
      },
      (error: unknown) => {
        opening = undefined;
        failure = reasonOf(error);
        throw error;
      },
    );
    return opening;
  }

  const isClosing = () => closing.rest !== undefined;

  async function decide({ username, time, nonce }: NonceClaim, now: number, isAllowed: boolean): Promise<ClaimOutcome> {
    const end = performance.now() + deadlineMs;
    if (!isOpen) await before(end, open(now));
    epoch.refuseFault();
    const place = { time, key: replayKey(username, nonce) };
    if (isClosing()) await checkFloor(await epoch.floor(now, end), now, end);
    refuseInQuarantine(now);
    for (let isSettled = false; ; isSettled = true) {
      const insertion = isAllowed ? await epoch.claim({ ...place, now }, end) : 'refused';
      if (insertion === 'inserted') return 'claimed';
      if (insertion === 'duplicate') return 'replayed';
      const { floor, used, whole, alone } = await epoch.look(place, now, end);
      if (used) return 'replayed';
      await checkFloor(floor, now, end);
      if (!isAllowed) return 'rate_limited';
      if (!whole && !isSettled) {
        await before(end, epoch.settle(now));
        continue;
      }
      refuseInQuarantine(now);
      if (time <= floor) return 'forgotten';
      throw new UnavailableError(alone ? 'the nonce could neither be claimed nor found; try again' : NOT_ALONE);
    }
  }

  /**
   * Returns why new tokens may be refused: the claim of a token that is dated in the second of the floor may be lost.
   *
   * @returns `undefined` after that second
   */
  function lossAt(now: number): string | undefined {
    const rest = Math.floor(epoch.seen) + 1 - now;
    if (rest <= 0) return undefined;
    return `earlier claims may be lost; serving again in ${rest.toFixed(1)} s`;
  }

  /** Throws during a quarantine, in which even tokens dated after the floor are refused. */
  function refuseInQuarantine(now: number): void {
    const reason = lossAt(now);
    const isPossible = epoch.seen <= now + tolerance + clockMargin;
    if (reason !== undefined && rise > 0 && isPossible) throw new QuarantineError(reason);
  }

  /**
   * Closes the store if the floor is in the far future, and lowers it to now after 2T + M. Otherwise everyone would be locked out until the
   * floor.
   */
  async function checkFloor(floor: number, now: number, end: number): Promise<void> {
    // If another process has lowered the floor, this one still stays closed for its full time. Otherwise it would mistake the lower floor
    // for a loss.
    const latest = isClosing() ? Math.max(floor, epoch.seen) : floor;
    const state = closing.check(latest, now);
    if (state === 'open') return;
    if (state === 'over') await epoch.lower(latest, now, end);
    throw new UnavailableError('the clock went back too far; check the clock');
  }

  /** Checks the database. A restart of the server is then noticed between claims, and no valid request is refused because of it. */
  async function watch(now: number): Promise<void> {
    try {
      if (!isOpen) await open(now);
      const end = performance.now() + deadlineMs;
      if (isClosing()) await checkFloor(await epoch.floor(now), now, end);
      const { floor } = await epoch.watch(now);
      await checkFloor(floor, now, end);
      failure = undefined;
    } catch (error) {
      failure = reasonOf(error);
      throw error;
    }
    await epoch.tidy(now, lifetime.signal);
  }

  async function claim(nonce: NonceClaim, now: number): Promise<ClaimOutcome> {
    // Counts the claim before it is made, so that concurrent claims cannot exceed the limit.
    const isAllowed = rate.take(nonce.username, now);
    let outcome: ClaimOutcome | undefined;
    try {
      outcome = await decide(nonce, now, isAllowed);
    } catch (error) {
      const reason = reasonOf(error);
      // A quarantine ends by itself, without a check of the database.
      if (!(error instanceof QuarantineError)) failure = reason;
      throw new UnavailableError(reason, { cause: error });
    } finally {
      if (isAllowed && outcome !== 'claimed') rate.giveBack(nonce.username);
    }
    failure = undefined;
    // No claim waits for this. If it fails, the records are deleted a second later.
    lifetime.run(() => epoch.tidy(now, lifetime.signal)).catch(() => {});
    return outcome;
  }

  return {
    tolerance,
    open: (now) => lifetime.run(() => open(now)),
    claim: (nonce, now) => lifetime.run(() => claim(nonce, now)),

    readiness(now) {
      if (lifetime.isOver) return CLOSED;
      // A server is checked once a second. A file is only checked here.
      if (failure !== undefined && isOpen && dialect.local) lifetime.run(() => watch(now)).catch(() => {});
      const reason = failure ?? lossAt(now);
      return reason === undefined ? { ready: true } : { ready: false, reason };
    },

    close: () => lifetime.end(),
  };
}

/** Thrown for a claim during a quarantine. */
class QuarantineError extends UnavailableError {}

const NOT_ALONE =
  'the connection is read-only, or was left in a transaction; give the store its own Kysely instance, connected to the primary';

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : 'the database does not respond';
}
