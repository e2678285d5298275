/** Concurrent claims of a few nonces, in every order of calls and replies, with and without lost connections. */
import fc from 'fast-check';
import { expect } from 'vitest';
import type { NonceStore } from '../../src/index.ts';
import { type Fate, fates, Wire } from './redis/wire.ts';

/** A new, empty storage that several stores share, such as a database. */
export interface Shared {
  /** Makes another store that uses it, as another process would. The store accepts old tokens, because purges delete only their records. */
  join(wire: Wire): NonceStore | Promise<NonceStore>;
  /** Makes a store that detects a new incarnation, as after a restart, and therefore assumes that claims were lost. */
  joinAnotherLife?(wire: Wire): NonceStore;
  end(): Promise<void>;
}

export interface Interleaved {
  readonly name: string;
  readonly runs: number;
  make(): Promise<Shared>;
}

/** Times of tokens: no purge deletes records of the fresh ones; every purge deletes those of the old ones. */
const TIMES = { fresh: [5, 6], old: [-100, -99] } as const;
const ALL_TIMES = [...TIMES.fresh, ...TIMES.old];

/** One action of a process; all actions start at the same time. */
interface Action {
  readonly store: number;
  /** The index of the token to claim, or `open` to open the store again. */
  readonly token: number | 'open';
  /** How far the caller's clock is ahead, in whole seconds; a store purges again in each new second. */
  readonly clock: number;
}

const actions: fc.Arbitrary<Action[]> = fc.array(
  fc.record({
    store: fc.nat(2),
    token: fc.oneof(
      { weight: 9, arbitrary: fc.nat(ALL_TIMES.length - 1) },
      { weight: 1, arbitrary: fc.constant('open' as const) },
    ),
    clock: fc.nat(2),
  }),
  { minLength: 4, maxLength: 24 },
);

/** The faults that can occur in a run. */
export interface Trouble {
  readonly lostConnections: boolean;
  readonly anotherLife: boolean;
}

/**
 * Checks that a store accepts each token at most once, and each fresh token exactly once if no fault occurs.
 *
 * @throws Error with the seed and the order of calls that led to it
 */
export async function checkInterleavings({ make, runs }: Interleaved, trouble: Trouble): Promise<void> {
  const lost = trouble.lostConnections ? fates : fc.constant<Fate[]>([]);
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), lost, actions, async (scheduler, list, plan) => {
      const shared = await make();
      try {
        await run(shared, new Wire(scheduler, list), plan, trouble);
      } finally {
        await shared.end();
      }
    }),
    { numRuns: runs },
  );
}

async function run(shared: Shared, wire: Wire, plan: readonly Action[], trouble: Trouble): Promise<void> {
  const stores = [await shared.join(wire), await shared.join(wire)];
  stores.push(
    trouble.anotherLife ? (shared.joinAnotherLife as (wire: Wire) => NonceStore)(wire) : await shared.join(wire),
  );
  const start = Math.floor(Date.now() / 1000);
  const got = ALL_TIMES.map(() => 0);
  const wrong: unknown[] = [];

  async function act({ store, token, clock }: Action): Promise<void> {
    const at = stores[store] as NonceStore;
    try {
      if (token === 'open') return await at.open(start + clock);
      const claim = { username: 'alice', time: start + (ALL_TIMES[token] as number), nonce: 'n' };
      if ((await at.claim(claim, start + clock)) === 'claimed') got[token] = (got[token] as number) + 1;
    } catch (error) {
      wrong.push(error);
    }
  }

  await wire.hold(() => Promise.all(plan.map(act)));
  const plain = !trouble.lostConnections && !trouble.anotherLife;
  if (plain) expect(wrong, 'nothing fails').toEqual([]);
  for (const [token] of TIMES.fresh.entries()) {
    if (plain && plan.some((action) => action.token === token))
      expect(got[token], 'accepted claims of a fresh token').toBe(1);
  }
  // A claim whose reply was lost may have succeeded. Later claims must not succeed too.
  for (const token of ALL_TIMES.keys()) for (const store of stores.keys()) await act({ store, token, clock: 3 });
  for (const [token, times] of got.entries()) expect(times, `accepted claims of token ${token}`).toBeLessThanOrEqual(1);
}
