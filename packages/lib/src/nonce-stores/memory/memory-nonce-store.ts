/** Nonces in the memory of this process (spec/PROTOCOL.md §4): for a service that runs as one process. */
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
  /** Clock margin M, in seconds: how much longer records are kept than a token is valid. 1 to 600, default 20. */
  readonly clockMargin?: number;
  /**
   * What to do about nonces that an earlier process may have claimed.
   *
   * - `fresh` (default): refuse tokens from before the second in which this store was created, and serve at once. Remaining risk:
   *   a token that an earlier or a parallel process accepted works once more if it is dated ahead, or within that second.
   * - `quarantine`: serve nothing for 2T + M. No risk remains.
   * - `accept`: refuse nothing. A token that was accepted before a restart works once more after it.
   */
  readonly afterLoss?: 'fresh' | 'quarantine' | 'accept';
  /**
   * Most nonces that the store holds at a time; default 1 000 000, about 32 MB. A user who holds nonces takes another 32 bytes. A full
   * store is unavailable: it never evicts nonces.
   */
  readonly maxNonces?: number;
  /** Claims that one user may make in a second, default 2000. One user may also hold no more than a tenth of `maxNonces`. */
  readonly maxClaimsPerSecond?: number;
  /** Seconds since the epoch when the store is created; default the wall clock. */
  readonly now?: () => number;
  /** Seconds that never go back; default the monotonic clock of the process. */
  readonly monotonic?: () => number;
}

/** Places of forgotten tables that each claim releases: more than it takes, so that none pile up. */
const RELEASED_PER_CLAIM = 64;
/** The same when the store or a user's share seems to be full. */
const RELEASED_WHEN_FULL = 8192;

/**
 * Creates a nonce store in memory. Two of these stores, or two processes, share nothing: each accepts a token once.
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
 * @returns a store that serves at once, except in quarantine, and never returns a promise. Its `claim` throws UnavailableError
 *   while it is not ready
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
  /** The nonces, by the second of their claimed times. */
  const tables = new Map<number, NonceTable>();
  /** The table created last, where most claims go. */
  let latestSecond = Number.NaN;
  let latestTable: NonceTable | undefined;
  /** Tables whose nonces are forgotten, but still counted for their holders. */
  const forgotten: { readonly table: NonceTable; place: number }[] = [];
  const holders = new Holders();
  let size = 0;
  let sweptAt = Number.NaN;
  /** The latest claimed time that may have been forgotten. */
  let floor = firstFloor(now(), rise * tolerance);
  const closing = new Closing(tolerance, clockMargin, monotonic);
  /** Monotonic time at which the quarantine ends; 0 if there is none. */
  let quarantineEnd = rise > 0 ? monotonic() + 2 * tolerance + clockMargin : 0;

  /** Forgets the seconds from which no token can come anymore. The floor rises first. */
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

  /** Releases places of forgotten tables, a few at a time, so that no claim waits for the nonces of a whole second. */
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

  /** The table of a second has room for as many nonces as the second before had, so that it rarely grows. */
  function newTable(second: number): NonceTable {
    const table = new NonceTable(tables.get(second - 1)?.size);
    tables.set(second, table);
    latestSecond = second;
    latestTable = table;
    return table;
  }

  /** @returns why the store is not ready, if it is not */
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
        // Forgotten nonces that are not released yet may be the user's own.
        const isAtShare = holders.held(holder) >= share && forgotten.length === 0;
        if (isAtShare || holders.claims(holder, thisSecond) >= maxClaimsPerSecond) return 'rate_limited';
      }

      // All memory is allocated first: if there is none, nothing has been counted.
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
