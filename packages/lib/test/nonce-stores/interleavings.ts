/** Concurrent claims of few nonces, in any order that the calls of a store can take, with and without lost connections. */
import fc from 'fast-check';
import { expect } from 'vitest';
import type { NonceStore } from '../../src/index.ts';
import { type Fate, fates, Wire } from './redis/wire.ts';

/** What several stores keep their nonces in, new and empty. */
export interface Shared {
  /** Another store on it, as of another process; it refuses nothing for its age, as old tokens are what is forgotten. */
  join(wire: Wire): NonceStore | Promise<NonceStore>;
  /** One of another life: it finds that claims may be lost. */
  joinAnotherLife?(wire: Wire): NonceStore;
  end(): Promise<void>;
}

export interface Interleaved {
  readonly name: string;
  readonly runs: number;
  make(): Promise<Shared>;
}

/** Tokens that nothing forgets, and tokens that every purge forgets. */
const TIMES = { fresh: [5, 6], old: [-100, -99] } as const;
const ALL_TIMES = [...TIMES.fresh, ...TIMES.old];

/** One thing that a process does; all are begun at once. */
interface Action {
  readonly store: number;
  /** A claim, or opening again. */
  readonly token: number | 'open';
  /** Whole seconds of the caller's clock: each forgets anew. */
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

/** What may befall a run. */
export interface Trouble {
  readonly lostConnections: boolean;
  readonly anotherLife: boolean;
}

/**
 * Of each token at most one claim gets `claimed`, now and later; where nothing went wrong, of each fresh one exactly one.
 *
 * @throws with the seed and the order of calls that broke it
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
    if (plain && plan.some((action) => action.token === token)) expect(got[token], 'claims of a fresh token').toBe(1);
  }
  // Whoever was told nothing may have it; nobody gets it who comes later.
  for (const token of ALL_TIMES.keys()) for (const store of stores.keys()) await act({ store, token, clock: 3 });
  for (const [token, times] of got.entries()) expect(times, `claims of token ${token}`).toBeLessThanOrEqual(1);
}
