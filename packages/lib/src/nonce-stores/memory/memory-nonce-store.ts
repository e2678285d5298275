/** Stores used nonces in the memory of this process (spec/PROTOCOL.md §4). Use it for a service that runs as one process. */
import { isClusterWorker, randomWords } from '#engine';
import { type ClaimOutcome, type NonceClaim, type NonceStore, UnavailableError } from '../../core/contracts.ts';
import { clockOption, numberOption } from '../../core/options.ts';
import { Closing } from '../shared/closing.ts';
import { readCommonOptions } from '../shared/common-options.ts';
import { firstFloor, justBelow } from '../shared/floor.ts';
import { Holders } from './holders.ts';
import { NonceTable } from './nonce-table.ts';
import { TripleHash } from './triple-hash.ts';

/** Options of a memory nonce store. */
export interface MemoryNonceStoreOptions {
  /** The authenticator's tolerance T, in seconds: 1 to 600, default 20. */
  readonly tolerance?: number;
  /** Clock margin M, in seconds: how long a record is kept after its token has expired. 1 to 600, default 20. */
  readonly clockMargin?: number;
  /**
   * What to do about nonces that an earlier process may have claimed.
   *
   * - `fresh` (default): refuse tokens dated before the second in which this store was created, and serve at once. Remaining risk: a token
   *   that an earlier or parallel process accepted works once more if it is dated in that second or later.
   * - `quarantine`: be unavailable for 2T + M seconds. No risk remains.
   * - `accept`: refuse no token. A token that was accepted before a restart works once more after it.
   */
  readonly afterLoss?: 'fresh' | 'quarantine' | 'accept';
  /**
   * Maximum number of nonces in the store; default 1 000 000, which take about 32 MB. Each user who holds nonces takes another 32 bytes.
   * The store never evicts nonces: while it is full, it is unavailable.
   */
  readonly maxNonces?: number;
  /** Maximum number of claims that one user may make per second; default 2000. One user can also hold at most a tenth of `maxNonces`. */
  readonly maxClaimsPerSecond?: number;
  /** Returns seconds since the epoch; called when the store is created. Default: the wall clock. */
  readonly now?: () => number;
  /** Returns the seconds of a clock that never goes back. Default: the monotonic clock of the process. */
  readonly monotonic?: () => number;
}

/** How many places of forgotten tables each claim releases. A claim takes far fewer places, so forgotten tables do not pile up. */
const RELEASED_PER_CLAIM = 64;
/** How many places a claim releases if the store or the user's share seems full. */
const RELEASED_WHEN_FULL = 8192;

/**
 * Creates a nonce store in memory. Two stores share nothing, even in one process: each accepts the same token once.
 *
 * @example
 * ```ts
 * import { memoryNonceStore } from 'asymmetric-jwt-auth';
 *
 * const nonces = memoryNonceStore({ maxNonces: 100_000 });
 * const now = Date.now() / 1000;
 * const claim = { username: 'guido', time: now, nonce: 'r4nd0m' };
 * console.log(nonces.claim(claim, now)); // claimed
 * console.log(nonces.claim(claim, now)); // replayed
 * ```
 *
 * @param options - {@link MemoryNonceStoreOptions}
 * @returns a store that serves at once, except in quarantine, and never returns a promise. Its `claim` throws UnavailableError while the
 *   store is not ready
 * @throws TypeError for an option that is unknown or out of its range; the message names it
 * @throws UnavailableError in a worker of `node:cluster`
 */
export function memoryNonceStore(options: MemoryNonceStoreOptions = {}): NonceStore {
  const { tolerance, clockMargin, maxClaimsPerSecond, rise, monotonic } = readCommonOptions(
    options,
    { maxNonces: 'any', now: 'function' },
    1,
  );
  if (isClusterWorker()) {
    throw new UnavailableError(
      'node:cluster workers cannot share memoryNonceStore; use sqlNonceStore or redisNonceStore',
    );
  }
  const now = clockOption(options.now);
  const maxNonces = numberOption('maxNonces', options.maxNonces, 1_000_000, 10, 2 ** 31);
  const share = Math.floor(maxNonces / 10);

  const hash = new TripleHash(randomWords(2));
  /** The nonces, by the second of their claimed time. */
  const tables = new Map<number, NonceTable>();
  /** The newest table, which most claims use. */
  let latestSecond = Number.NaN;
  let latestTable: NonceTable | undefined;
  /** Tables whose nonces are forgotten but still count towards their users' shares. */
  const forgotten: { readonly table: NonceTable; place: number }[] = [];
  const holders = new Holders();
  let size = 0;
  let sweptAt = Number.NaN;
  /** The latest claimed time that may have been forgotten. */
  let floor = firstFloor(now(), rise * tolerance);
  const closing = new Closing(tolerance, clockMargin, monotonic);
  /** Monotonic time at which the quarantine ends; 0 if there is none. */
  let quarantineEnd = rise > 0 ? monotonic() + 2 * tolerance + clockMargin : 0;

  /** Forgets the nonces of each second whose tokens have expired. Raises the floor first. */
  function sweep(now: number): void {
    const second = Math.floor(now);
    if (second === sweptAt) return;
    sweptAt = second;
    for (const [start, table] of tables) {
      if (start + 1 > now - tolerance - clockMargin) continue;
      floor = Math.max(floor, justBelow(start + 1));
      tables.delete(start);
      if (start === latestSecond) latestSecond = Number.NaN;
      forgotten.push({ table, place: 0 });
    }
  }

  /** Releases some places of forgotten tables. Releasing all nonces of a second at once would delay a claim. */
  function release(places: number): void {
    let left = places;
    for (let oldest = forgotten[0]; oldest !== undefined && left > 0; oldest = forgotten[0]) {
      const end = Math.min(oldest.place + left, oldest.table.places);
      left -= end - oldest.place;
      for (; oldest.place < end; oldest.place++) {
        const holder = oldest.table.holderAt(oldest.place);
        if (holder === 0) continue;
        holders.release(holder);
        size -= 1;
      }
      if (oldest.place === oldest.table.places) forgotten.shift();
    }
  }

  /** Creates the table of a second. It has room for as many nonces as the previous second had, so that it rarely grows. */
  function newTable(second: number): NonceTable {
    const table = new NonceTable(tables.get(second - 1)?.size);
    tables.set(second, table);
    latestSecond = second;
    latestTable = table;
    return table;
  }

  /** Returns why the store is not ready; `undefined` if it is ready. */
  function check(now: number): string | undefined {
    sweep(now);
    release(size < maxNonces ? RELEASED_PER_CLAIM : RELEASED_WHEN_FULL);
    if (quarantineEnd > 0) {
      const rest = Math.ceil(quarantineEnd - monotonic());
      if (rest > 0) return again('nonces of an earlier process may be lost', rest);
      quarantineEnd = 0;
    }
    const state = closing.check(floor, now);
    if (state === 'closed') return again('the clock went back too far; check the clock', closing.rest);
    if (state === 'over') floor = now;
    return size < maxNonces ? undefined : `full: ${maxNonces} nonces; raise maxNonces`;
  }

  return {
    tolerance,
    open() {},

    readiness(now) {
      const reason = check(now);
      return reason === undefined ? { ready: true } : { ready: false, reason };
    },

    claim({ username, time, nonce }: NonceClaim, now: number): ClaimOutcome {
      const reason = check(now);
      if (reason !== undefined) throw new UnavailableError(reason);
      if (!(time > floor)) return 'forgotten';

      const second = Math.floor(time);
      const table = second === latestSecond ? latestTable : tables.get(second);
      hash.update(username, time, nonce);
      const { low, high, userLow, userHigh } = hash;
      if (table?.has(low, high)) return 'replayed';

      let holder = holders.find(userLow, userHigh);
      if (holder !== 0 && holders.held(holder) >= share) {
        release(RELEASED_WHEN_FULL);
        holder = holders.find(userLow, userHigh);
      }
      const thisSecond = Math.floor(now);
      if (holder !== 0) {
        // While forgotten nonces wait to be released, `held` may count some of them for this user.
        const isAtShare = holders.held(holder) >= share && forgotten.length === 0;
        if (isAtShare || holders.claims(holder, thisSecond) >= maxClaimsPerSecond) return 'rate_limited';
      }

      // Allocates all memory before it counts anything: if the allocation fails, the store is unchanged.
      const room = table ?? newTable(second);
      room.makeRoom();
      if (holder === 0) holder = holders.add(userLow, userHigh);
      holders.take(holder, thisSecond);
      size += 1;
      room.add(low, high, holder);
      return 'claimed';
    },
  };
}

function again(reason: string, seconds: number | undefined): string {
  return `${reason}; serving again in ${seconds} s`;
}
