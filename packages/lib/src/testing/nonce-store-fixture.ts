/** The fixture of the suite for nonce stores, and helpers for its cases. */
import type { ClaimOutcome, MaybePromise, NonceStore } from '../core/contracts.ts';
import type { ContractCase } from './contract.ts';

/** The settings of the store that a case needs. The store must be empty, and serve at once. */
export interface NonceStoreSetup {
  /** The tolerance T, in seconds. */
  readonly tolerance: number;
  /** The clock margin M, in seconds. */
  readonly clockMargin: number;
  /** Maximum number of claims that one user may make per second. */
  readonly maxClaimsPerSecond: number;
  /** Maximum number of nonces in the store, if it has such a limit. */
  readonly maxNonces: number;
  /** Returns seconds since the epoch. The case controls this clock. */
  readonly now: () => number;
}

/** Creates the store under test, and says what it can do. */
export interface NonceStoreFixture {
  /** Creates an empty store that has never run before. */
  make(setup: NonceStoreSetup): MaybePromise<NonceStore>;
  /** Cleans up after a case. */
  dispose?(store: NonceStore): MaybePromise<void>;
  /** Set this to the reason if the store has no limit `maxNonces`. The case is then skipped. */
  readonly noCapacity?: string;
  /**
   * Ends the store's process, and starts another one with the same stored data. Set this to the reason if that is impossible; the case is
   * then skipped.
   */
  readonly restart?: CapabilityOrReason<(store: NonceStore, setup: NonceStoreSetup) => MaybePromise<NonceStore>>;
  /**
   * Deletes the stored data, as a crash or a flush does, and starts another store. Set this to the reason if that is impossible; the case
   * is then skipped.
   */
  readonly loseMemory?: CapabilityOrReason<(store: NonceStore, setup: NonceStoreSetup) => MaybePromise<NonceStore>>;
  /**
   * Lets several processes claim the same nonces of the last store at the same time. Set this to the reason if that is impossible; the case
   * is then skipped.
   */
  readonly race?: CapabilityOrReason<(race: NonceRace) => Promise<readonly RaceOutcomes[]>>;
}

/** A capability of a fixture, or the reason why the fixture lacks it. */
export type CapabilityOrReason<Capability> = Capability | string;

/** The claims of each process in a race: the nonces `'0'`, `'1'`, … of the user `alice`, in a different order in each process. */
export interface NonceRace {
  /** The claimed time of all claims, in seconds since the epoch. */
  readonly time: number;
  /** The number of nonces. */
  readonly nonces: number;
}

/** The number of claims of one process by outcome. Claims that threw are `unavailable`. */
export type RaceOutcomes = Readonly<Partial<Record<ClaimOutcome | 'unavailable', number>>>;

export const DEFAULTS = { tolerance: 20, clockMargin: 20, maxClaimsPerSecond: 1000, maxNonces: 1000 };

/** More arguments of a case. */
export interface CaseSetting {
  /** The clock that the case controls. */
  readonly clock: { now: number };
  readonly setup: NonceStoreSetup;
  /** Registers a store that replaces the first one, so that it is disposed of too. */
  replace(store: NonceStore): NonceStore;
}

/** Returns a function that creates cases, each with its own empty store. */
export function caseMaker(fixture: NonceStoreFixture) {
  return (
    name: string,
    body: (store: NonceStore, clock: { now: number }, setting: CaseSetting) => Promise<void>,
    options: Partial<typeof DEFAULTS> = {},
  ): ContractCase => ({
    name,
    async run() {
      const clock = { now: Math.floor(Date.now() / 1000) };
      const setup = { ...DEFAULTS, ...options, now: () => clock.now };
      const stores = [await fixture.make(setup)];
      const replace = (store: NonceStore) => {
        stores.push(store);
        return store;
      };
      try {
        await body(stores[0] as NonceStore, clock, { clock, setup, replace });
      } finally {
        for (const store of stores) await fixture.dispose?.(store);
      }
    },
  });
}
