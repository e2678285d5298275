/** Nonces in an SQL database through Kysely (spec/PROTOCOL.md, replay rule): for all processes that share it. */
import { sha256 } from '#engine';
import { type ClaimOutcome, type NonceClaim, type NonceStore, UnavailableError } from '../../core/contracts.ts';
import { Closing } from '../shared/closing.ts';
import { UserRate } from '../shared/user-rate.ts';
import { type SqlDatabase, within } from './database.ts';
import { dialectOf } from './dialects.ts';
import { Epoch } from './epoch.ts';
import { everySecond } from './every-second.ts';
import { readSqlOptions, type SqlNonceStoreOptions } from './options.ts';

export type { SqlDatabase, SqlNonceStoreOptions };

/**
 * Makes a nonce store in an SQL database, and its tables where they are not there. Which database it is, the Kysely instance tells.
 * Give it a `Kysely` of its own: a long transaction of the application on the same connection would hold up every claim, and one that
 * was left open could take it back. A server is asked once a second whether it is still the same, until `destroy()`.
 *
 * What all three promise: one use for each (username, time, nonce), across all processes that share the database, also when they or
 * the database are killed. A claim that takes longer than the option `deadline` is `unavailable`. What remains:
 *
 * - SQLite, for all processes of one machine, over `nodeSqlite`: a file that was put back from a copy while no process ran that had
 *   seen it later. Where the kernel has no boot id, open it from one process only, with `synchronous=FULL`.
 * - PostgreSQL: commits are made durable, whatever the server's `synchronous_commit`. After a restart or a promotion the floor rises
 *   to the later of the database's clock and the caller's. An asynchronous standby that is promoted may lack the last claims: with
 *   `fresh`, tokens dated ahead among them work once more. Two primaries at a time (split brain) let a token in once each.
 * - MySQL and MariaDB: the same. They are refused unless `innodb_flush_log_at_trx_commit` and, with a binary log, `sync_binlog`
 *   are 1. Use one writing node of a multi-primary cluster.
 * - All: a clock that was wrong by more than T + M and is put right, and rows that were deleted by hand.
 *
 * @param database - a `Kysely` instance; for SQLite over `nodeSqlite`
 * @param options - {@link SqlNonceStoreOptions}
 * @returns a store whose `claim` rejects with UnavailableError, and `open` also with what the database throws
 * @throws TypeError for an option that is unknown or out of its range, a transaction, or another kind of database
 */
export function sqlNonceStore(database: SqlDatabase, options: SqlNonceStoreOptions = {}): NonceStore {
  const dialect = dialectOf(database);
  const settings = readSqlOptions(options, dialect);
  const { tolerance, margin, perUser, deadline, loss, monotonic } = settings;
  const epoch = new Epoch(database, dialect, settings);
  const rate = new UserRate(perUser);
  const closing = new Closing(tolerance, margin, monotonic);

  let opening: Promise<void> | undefined;
  let opened = false;
  let watching = false;
  let trouble: string | undefined = 'the database was not asked yet';

  function open(now: number): Promise<void> {
    if (!watching && !dialect.local) everySecond(watch);
    watching = true;
    opening ??= epoch.open(now).then(
      () => {
        opened = true;
        trouble = undefined;
      },
      (error: unknown) => {
        opening = undefined;
        trouble = reasonOf(error);
        throw error;
      },
    );
    return opening;
  }

  async function decide({ username, time, nonce }: NonceClaim, now: number, allowed: boolean): Promise<ClaimOutcome> {
    const end = performance.now() + deadline;
    if (!opened) await within(open(now), end);
    epoch.refuseFault();
    const place = { time, key: replayKey(username, nonce) };
    if (closing.begun) await mend(await epoch.floor(now, end), now, end);
    refuseInQuarantine(now);
    for (let settled = false; ; settled = true) {
      if (allowed && (await epoch.claim(place, now, end))) return 'claimed';
      const { floor, used, whole, alone } = await epoch.look(place, now, end);
      if (used) return 'replayed';
      await mend(floor, now, end);
      if (!allowed) return 'rate_limited';
      if (!whole && !settled) {
        await within(epoch.settle(now), end);
        continue;
      }
      refuseInQuarantine(now);
      if (time <= floor) return 'forgotten';
      throw new UnavailableError(alone ? 'the nonce could neither be claimed nor found; try again' : NOT_ALONE);
    }
  }

  /** Why no honest token can be told yet from one whose claim is lost: the second of the floor lasts. */
  function whyLost(now: number): string | undefined {
    const rest = Math.floor(epoch.seen) + 1 - now;
    if (rest <= 0) return undefined;
    return `claims from before may be lost; serving from the next second on, in ${rest.toFixed(1)} s`;
  }

  /** In quarantine, not even what lies above the floor. */
  function refuseInQuarantine(now: number): void {
    const why = whyLost(now);
    if (why !== undefined && loss.ahead > 0 && epoch.seen <= now + tolerance + margin) throw new UnavailableError(why);
  }

  /** A floor in the far future would lock everybody out until then: after 2T + M it falls to now. */
  async function mend(floor: number, now: number, end: number): Promise<void> {
    // Where another process has let it fall, this one keeps its own closing, and so takes the fall for no loss.
    const latest = closing.begun ? Math.max(floor, epoch.seen) : floor;
    const state = closing.check(latest, now);
    if (state === 'open') return;
    if (state === 'over') await epoch.lower(latest, now, end);
    throw new UnavailableError('the clock lies further back than the margin allows; check the clock');
  }

  /** A server may go and come back while nobody claims: then no honest request pays for it. */
  async function watch(now: number): Promise<void> {
    try {
      if (!opened) await open(now);
      const end = performance.now() + deadline;
      if (closing.begun) await mend(await epoch.floor(now), now, end);
      const { floor } = await epoch.watch(now);
      await mend(floor, now, end);
      trouble = undefined;
    } catch (error) {
      trouble = reasonOf(error);
      throw error;
    }
    await epoch.tidy(now);
  }

  return {
    tolerance,
    open,

    readiness(now) {
      // A server is watched once a second; a file is looked at again by whoever asks.
      if (trouble !== undefined && opened && dialect.local) watch(now).catch(() => {});
      const why = trouble ?? whyLost(now);
      return why === undefined ? { ready: true } : { ready: false, reason: why };
    },

    async claim(nonce, now) {
      // Counted at once: however many claims are under way, no more than these are made.
      const allowed = rate.take(nonce.username, now);
      let outcome: ClaimOutcome | undefined;
      try {
        outcome = await decide(nonce, now, allowed);
      } catch (error) {
        const why = reasonOf(error);
        // The end of a quarantine is known, and needs nobody to ask again.
        if (why !== whyLost(now)) trouble = why;
        throw new UnavailableError(why, { cause: error });
      } finally {
        if (allowed && outcome !== 'claimed') rate.giveBack(nonce.username);
      }
      trouble = undefined;
      // Whoever claims does not wait for it; what could not be forgotten now is forgotten a second later.
      epoch.tidy(now).catch(() => {});
      return outcome;
    },
  };
}

const NOT_ALONE =
  'the connection may not write, or was left in a transaction; give the store a Kysely of its own, on the primary';

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : 'the database does not answer';
}

/** 128 bits of SHA-256 over the username's length, the username and the nonce with its type; the time is a column of its own. */
function replayKey(username: string, nonce: string | number): Uint8Array {
  const tagged = typeof nonce === 'number' ? `#${nonce + 0}` : `"${nonce}`;
  return sha256(`${username.length}:${username}${tagged}`).subarray(0, 16);
}
