/** What the suite of nonce stores needs to know of a store, and how its cases are made. */
import type { ClaimOutcome, MaybePromise, NonceStore } from '../core/contracts.ts';
import type { ContractCase } from './contract.ts';

/** How a case wants the store to be set up: empty, and serving at once. */
export interface NonceStoreSetup {
  /** T, in seconds. */
  readonly tolerance: number;
  /** M, in seconds. */
  readonly clockMargin: number;
  /** Claims that one user may make in a second. */
  readonly maxClaimsPerSecond: number;
  /** Nonces that fit, where the store has such a limit. */
  readonly maxNonces: number;
  /** Seconds since the epoch: the clock that the case drives. */
  readonly now: () => number;
}

/** What the suite needs to know of a store. */
export interface NonceStoreFixture {
  /** Makes an empty store, with no earlier life. */
  make(setup: NonceStoreSetup): MaybePromise<NonceStore>;
  /** Gives back what a case has used. */
  dispose?(store: NonceStore): MaybePromise<void>;
  /** Why the store has no capacity of its own; the case for it then is left out. */
  readonly noCapacity?: string;
  /**
   * Ends the store's process, and starts another on what the store has kept. A text instead says why that cannot be; the case then
   * is left out, as it is where this is.
   */
  readonly restart?: CapabilityOrReason<(store: NonceStore, setup: NonceStoreSetup) => MaybePromise<NonceStore>>;
  /** Loses all that the store has kept, as in a crash or a flush, and starts another in its place; or a text, as above. */
  readonly loseMemory?: CapabilityOrReason<(store: NonceStore, setup: NonceStoreSetup) => MaybePromise<NonceStore>>;
  /** Lets several processes claim the same nonces of the store that was made last, all at once; or a text, as above. */
  readonly race?: CapabilityOrReason<(race: NonceRace) => Promise<readonly RaceOutcomes[]>>;
}

/** A capability of a fixture, or why it cannot be. */
export type CapabilityOrReason<Capability> = Capability | string;

/** What each of several processes claims: the nonces `'0'`, `'1'`, … of the user `alice`, each process in an order of its own. */
export interface NonceRace {
  /** Claimed time of all, in seconds since the epoch. */
  readonly time: number;
  /** How many nonces there are. */
  readonly nonces: number;
}

/** How many claims of one process came to what; those that threw are `unavailable`. */
export type RaceOutcomes = Readonly<Partial<Record<ClaimOutcome | 'unavailable', number>>>;

export const DEFAULTS = { tolerance: 20, clockMargin: 20, maxClaimsPerSecond: 1000, maxNonces: 1000 };

/** Where a case's store is. */
export interface CaseSetting {
  /** The clock in the case's hand. */
  readonly clock: { now: number };
  readonly setup: NonceStoreSetup;
  /** Notes a store that takes the place of the first, so that it is given back as well. */
  replace(store: NonceStore): NonceStore;
}

/** Makes cases, each with an empty store of its own. */
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
