/** Nonces in this process's memory (spec/PROTOCOL.md §4): for a service of one process. */
import { isClusterWorker, randomWords } from '#engine';
import {
  type ClaimOutcome,
  type NonceClaim,
  type NonceStore,
  type Readiness,
  UnavailableError,
} from '../../core/contracts.ts';
import {
  checkOptions,
  clockOption,
  DEFAULT_TOLERANCE,
  MAX_TOLERANCE,
  numberOption,
  type OptionKinds,
} from '../../core/options.ts';
import { Closing } from '../shared/closing.ts';
import { justBelow } from '../shared/just-below.ts';
import { TripleHash } from '../shared/triple-hash.ts';
import { Holders } from './holders.ts';
import { NonceTable } from './nonce-table.ts';

/** What a memory nonce store may be told. */
export interface MemoryNonceStoreOptions {
  /** The authenticator's tolerance T, in seconds; 1 to 600, default 20. */
  readonly tolerance?: number;
  /** Clock margin M, in seconds: records are kept that much longer than a token is good; 1 to 600, default 20. */
  readonly clockMargin?: number;
  /**
   * What to do about nonces that an earlier process may have claimed.
   *
   * - `fresh` (default): refuse tokens from before the second in which this store was made, and serve at once. What remains: a
   *   token dated ahead, or within that second, that an earlier or a parallel process let in.
   * - `quarantine`: serve nothing for 2T + M. Nothing remains.
   * - `accept`: refuse nothing. A token let in before a restart works once more after it.
   */
  readonly afterLoss?: 'fresh' | 'quarantine' | 'accept';
  /**
   * Most nonces that are held at a time; then the store is unavailable, and never evicts. Default 1 000 000, about 32 MB, and 32
   * bytes for each of the most users who ever held some at a time.
   */
  readonly maxNonces?: number;
  /** Claims that one user may make in a second; default 2000. One user may also hold no more than a tenth of the capacity. */
  readonly maxClaimsPerSecond?: number;
  /** Seconds since the epoch when this store is made; default the wall clock. */
  readonly now?: () => number;
  /** Seconds that only ever go forward; default the process's monotonic clock. */
  readonly monotonic?: () => number;
}

const OPTIONS: OptionKinds<MemoryNonceStoreOptions> = {
  tolerance: 'any',
  clockMargin: 'any',
  afterLoss: 'any',
  maxNonces: 'any',
  maxClaimsPerSecond: 'any',
  now: 'function',
  monotonic: 'function',
};

/** Places of forgotten tables that one claim gives back to their holders: more than it takes, so that none pile up. */
const PLACES_A_CLAIM = 64;
/** And where there seems to be no room. */
const PLACES_IN_NEED = 8192;

/**
 * Makes a nonce store in memory. Several processes, or two of these stores, share nothing: a token then works once at each.
 *
 * @param options - {@link MemoryNonceStoreOptions}
 * @returns a store that serves at once, `quarantine` aside, and answers without a promise; its `claim` throws UnavailableError while it
 *   is not ready
 * @throws TypeError for an option that is unknown or out of its range; the message names it
 * @throws UnavailableError in a worker of `node:cluster`
 */
export function memoryNonceStore(options: MemoryNonceStoreOptions = {}): NonceStore {
  checkOptions(options, OPTIONS);
  const { afterLoss = 'fresh', monotonic = () => performance.now() / 1000 } = options;
  if (typeof afterLoss !== 'string' || !Object.hasOwn(FIRST_FLOOR, afterLoss)) {
    throw new TypeError('option afterLoss: must be fresh, quarantine or accept');
  }
  if (isClusterWorker()) {
    throw new UnavailableError(
      'the memory nonce store does not work under node:cluster: every worker would let a token in once; use a store that they share',
    );
  }
  const wall = clockOption(options.now);
  const tolerance = numberOption('tolerance', options.tolerance, DEFAULT_TOLERANCE, 1, MAX_TOLERANCE, 'seconds');
  const margin = numberOption('clockMargin', options.clockMargin, DEFAULT_TOLERANCE, 1, MAX_TOLERANCE, 'seconds');
  const capacity = numberOption('maxNonces', options.maxNonces, 1_000_000, 10, 2 ** 31);
  const perUser = numberOption('maxClaimsPerSecond', options.maxClaimsPerSecond, 2000, 1, 2 ** 31);
  const share = Math.floor(capacity / 10);
  const closedFor = 2 * tolerance + margin;

  const hash = new TripleHash(randomWords(2));
  /** The nonces, by the second of their claimed times. */
  const tables = new Map<number, NonceTable>();
  /** The table that was made last, where most claims go. */
  let latestSecond = Number.NaN;
  let latestTable: NonceTable | undefined;
  /** Tables whose nonces are forgotten, while their holders still count them. */
  const forgotten: { readonly table: NonceTable; place: number }[] = [];
  const holders = new Holders();
  let size = 0;
  let sweptAt = Number.NaN;
  /** The latest claimed time that may have been forgotten. */
  let floor = FIRST_FLOOR[afterLoss](wall(), tolerance);
  const closing = new Closing(tolerance, margin, monotonic);
  /** Monotonic time until which nothing is served, as nonces of an earlier process may be lost. */
  let quarantineEnds = afterLoss === 'quarantine' ? monotonic() + closedFor : undefined;

  /** Forgets the seconds that no token can come from any more: the floor rises first. */
  function sweep(now: number): void {
    const second = Math.floor(now);
    if (second === sweptAt) return;
    sweptAt = second;
    for (const [start, table] of tables) {
      if (start + 1 > now - tolerance - margin) continue;
      floor = Math.max(floor, justBelow(start + 1));
      tables.delete(start);
      if (start === latestSecond) latestSecond = Number.NaN;
      forgotten.push({ table, place: 0 });
    }
  }

  /** Gives places of forgotten tables back, a few at a time, so that no claim waits for a whole second's nonces. */
  function giveBack(places: number): void {
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

  /** A second's table has room for as many nonces as the second before had, so that it rarely has to grow. */
  function newTable(second: number): NonceTable {
    const table = new NonceTable(tables.get(second - 1)?.size);
    tables.set(second, table);
    latestSecond = second;
    latestTable = table;
    return table;
  }

  function readiness(now: number): Readiness {
    sweep(now);
    giveBack(size < capacity ? PLACES_A_CLAIM : PLACES_IN_NEED);
    if (quarantineEnds !== undefined) {
      const rest = Math.ceil(quarantineEnds - monotonic());
      if (rest > 0) return notReady('nonces of an earlier process may be lost', rest);
      quarantineEnds = undefined;
    }
    const state = closing.check(floor, now);
    if (state === 'closed')
      return notReady('the clock lies further back than the margin allows; check the clock', closing.rest);
    if (state === 'over') floor = now;
    if (size >= capacity)
      return { ready: false, reason: `full: ${capacity} nonces are held; raise the option maxNonces` };
    return READY;
  }

  return {
    tolerance,
    open() {},
    readiness,

    claim({ username, time, nonce }: NonceClaim, now: number): ClaimOutcome {
      const state = readiness(now);
      if (!state.ready) throw new UnavailableError(state.reason);
      if (!(time > floor)) return 'forgotten';

      const second = Math.floor(time);
      const table = second === latestSecond ? latestTable : tables.get(second);
      hash.update(username, time, nonce);
      const { low, high, userLow, userHigh } = hash;
      if (table?.has(low, high)) return 'replayed';

      let holder = holders.find(userLow, userHigh);
      if (holder !== 0 && holders.held(holder) >= share) {
        giveBack(PLACES_IN_NEED);
        holder = holders.find(userLow, userHigh);
      }
      const thisSecond = Math.floor(now);
      if (holder !== 0) {
        // What is forgotten and not given back yet may be the user's own, behind a great many of others.
        const isAtShare = holders.held(holder) >= share && forgotten.length === 0;
        if (isAtShare || holders.claims(holder, thisSecond) >= perUser) return 'rate_limited';
      }

      // Whatever asks for memory comes first: if there is none, nothing has been counted.
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

const READY: Readiness = { ready: true };

function notReady(why: string, seconds: number): Readiness {
  return { ready: false, reason: `${why}; serving again in ${seconds} s` };
}

/** What an earlier process may have claimed, by the clock at the birth of this store. */
const FIRST_FLOOR: Readonly<Record<'fresh' | 'quarantine' | 'accept', (birth: number, tolerance: number) => number>> = {
  fresh: (birth) => justBelow(Math.floor(birth)),
  // The latest time that any token could have had.
  quarantine: (birth, tolerance) => birth + tolerance,
  accept: () => Number.NEGATIVE_INFINITY,
};
