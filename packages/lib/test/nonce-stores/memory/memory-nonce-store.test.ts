/** Tests what the memory store keeps, what it forgets, and when; the tests set its clocks. */

import { NOW } from 'ajwt-testkit/frozen-server';
import { withoutMemory } from 'ajwt-testkit/without-memory';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createToken } from '../../../src/client/token.ts';
import {
  createAuthenticator,
  type MemoryNonceStoreOptions,
  memoryKeyStore,
  memoryNonceStore,
  type NonceClaim,
  type NonceStore,
  PrivateKey,
  UnavailableError,
} from '../../../src/index.ts';

/** T and M of all stores in these tests, in seconds. */
const [T, M] = [20, 20];
/** The difference between NOW and the next larger double. */
const ULP = 2 ** -22;
const TEN_YEARS = 10 * 365 * 86_400;

function makeStore(options: MemoryNonceStoreOptions = {}) {
  const clock = { now: NOW, monotonic: 1000 };
  const store = memoryNonceStore({ now: () => clock.now, monotonic: () => clock.monotonic, ...options });
  let serial = 0;
  /** Returns the outcome of a claim; uses a new nonce by default. */
  function claim({ username = 'alice', time = clock.now, nonce = `n${serial++}` }: Partial<NonceClaim> = {}): string {
    try {
      return store.claim({ username, time, nonce }, clock.now) as string;
    } catch (error) {
      if (error instanceof UnavailableError) return `unavailable: ${error.message}`;
      throw error;
    }
  }
  const wait = (seconds: number) => {
    clock.now += seconds;
    clock.monotonic += seconds;
  };
  return { clock, store, claim, wait };
}
const READY = { ready: true };
/** Returns the different outcomes of many claims: expecting each one takes longer than the claims. */
const outcomesOf = (count: number, claim: (index: number) => string) => [
  ...new Set(Array.from({ length: count }, (_, index) => claim(index))),
];
const hundred = (work: (index: number) => unknown) => Array.from({ length: 100 }, (_, index) => work(index));

describe('a new store', () => {
  test.each([
    ['fresh', NOW - 1, 'forgotten'],
    ['fresh', NOW - ULP, 'forgotten'],
    ['fresh', NOW, 'claimed'],
    ['fresh', NOW + 0.25, 'claimed'],
    ['fresh', NOW + 20, 'claimed'],
    ['accept', NOW - 20, 'claimed'],
    ['accept', NOW + 20, 'claimed'],
  ] as const)('with afterLoss %s, for a token dated %d, returns %s', (afterLoss, time, expected) => {
    expect(makeStore({ afterLoss, now: () => NOW + 0.7 }).claim({ time })).toBe(expected);
  });

  test('in quarantine refuses claims for 2T + M and gives the reason, and then accepts all fresh tokens', () => {
    const { clock, store, claim, wait } = makeStore({ afterLoss: 'quarantine' });
    const why = (seconds: number) => `nonces of an earlier process may be lost; serving again in ${seconds} s`;
    expect(claim()).toBe(`unavailable: ${why(60)}`);
    wait(2 * T + M - 0.5);
    expect(store.readiness(clock.now)).toEqual({ ready: false, reason: why(1) });
    expect(claim()).toBe(`unavailable: ${why(1)}`);
    wait(0.5);
    expect(store.readiness(clock.now)).toEqual(READY);
    expect(claim({ time: clock.now - T })).toBe('claimed');
  });

  test('after a quarantine, accepts no token that was valid before it', () => {
    const { clock, claim } = makeStore({ afterLoss: 'quarantine' });
    clock.monotonic += 2 * T + M;
    expect(claim({ time: NOW + T })).toBe('forgotten');
    expect(claim({ time: NOW + T + ULP })).toBe('claimed');
  });
});

describe('a record', () => {
  test.each([NOW, NOW + T, NOW - T, NOW + 0.5, NOW + 1 - ULP])(
    'with the claimed time t = %d is kept until now > t + T + M',
    (time) => {
      const { clock, claim } = makeStore({ afterLoss: 'accept' });
      expect(claim({ time, nonce: 'n' })).toBe('claimed');
      for (const later of [0, T, T + ULP, T + M - 1, T + M]) {
        clock.now = time + later;
        expect(claim({ time, nonce: 'n' }), `${later} s after its time`).toBe('replayed');
      }
    },
  );

  test('is deleted when the floor rises, T + M after the end of the second in which it was dated', () => {
    const { clock, claim } = makeStore();
    expect(claim({ time: NOW + 0.5, nonce: 'n' })).toBe('claimed');
    clock.now = NOW + 1 + T + M;
    for (const time of [NOW, NOW + 0.5, NOW + 1 - ULP]) expect(claim({ time, nonce: 'n' })).toBe('forgotten');
    expect(claim({ time: NOW + 1, nonce: 'n' }), 'the floor is just below the next second').toBe('claimed');
  });

  test('can be deleted safely: its token stays refused even if the clock goes back to when it was valid', () => {
    const { clock, claim } = makeStore();
    const times = [NOW, NOW + 0.5, NOW + 1 - ULP, NOW + T];
    for (const time of times) expect(claim({ time, nonce: 'n' })).toBe('claimed');
    clock.now = NOW + 1 + 2 * T + M;
    claim();
    for (clock.now of [NOW + 60, NOW + 40, NOW + 20, NOW, NOW - 10]) {
      for (const time of times) expect(claim({ time, nonce: 'n' }), `${time - clock.now}`).toBe('forgotten');
    }
  });
});

describe('a clock that is set', () => {
  test.each([
    ['fresh', 10],
    ['fresh', 60],
    ['fresh', 3600],
    ['accept', 60],
    ['accept', 3600],
  ] as const)(
    'back (%s, by %d s) accepts no token twice, and the store serves again within a minute',
    (afterLoss, back) => {
      const { clock, claim, wait } = makeStore({ afterLoss });
      const times = [NOW, NOW + 0.5, NOW + T];
      for (const time of times) expect(claim({ time, nonce: 'n' })).toBe('claimed');
      clock.now -= back;
      for (let second = 0; second < back + 100; second++) {
        for (const time of times) expect(claim({ time, nonce: 'n' }), `${second} s later`).not.toBe('claimed');
        if (second > 2 * T + M) expect(claim(), `a new token, ${second} s later`).toBe('claimed');
        wait(1);
      }
    },
  );

  test.each([41, 59, 61, 79, 100])(
    'forward by %d s, and back after it has raised the floor, locks users out for at most 2T + M',
    (ahead) => {
      const { clock, claim, wait } = makeStore();
      const dated = NOW + ahead;
      clock.now = dated;
      expect(claim({ time: dated, nonce: 'n' })).toBe('claimed');
      clock.now = dated + T + M + 2;
      claim();
      clock.now = NOW;
      for (let second = 0; second <= 2 * T + M; second++) {
        const outcome = claim();
        // The floor is at the end of its second.
        if (second <= Math.min(ahead, 59)) expect(outcome, `${second} s later`).not.toBe('claimed');
        wait(1);
      }
      expect(claim()).toBe('claimed');
    },
  );

  test('forward by ten years and back is reported, and the store serves again after 2T + M of monotonic time', () => {
    const { clock, store, claim, wait } = makeStore();
    expect(claim({ time: NOW, nonce: 'n' })).toBe('claimed');
    clock.now += TEN_YEARS;
    expect(claim()).toBe('claimed');
    wait(2 * T + M);
    expect(claim(), 'the claim that sets the floor').toBe('claimed');
    clock.now = NOW + 5;
    const why = (seconds: number) => `the clock went back too far; check the clock; serving again in ${seconds} s`;
    expect(store.readiness(clock.now)).toEqual({ ready: false, reason: why(60) });
    expect(claim()).toBe(`unavailable: ${why(60)}`);
    wait(2 * T + M - 0.25);
    expect(claim()).toBe(`unavailable: ${why(1)}`);
    wait(0.25);
    expect(store.readiness(clock.now)).toEqual(READY);
    expect(claim({ time: NOW, nonce: 'n' }), 'a token used before the clock was set').toBe('forgotten');
    expect(claim({ time: clock.now }), 'the floor is now').toBe('forgotten');
    expect(claim({ time: clock.now + ULP })).toBe('claimed');
    wait(1);
    expect(claim()).toBe('claimed');
  });

  test.each([1, 10, 61, 119, 121, 300, 3600])(
    'forward by ten years and back locks users out for at most 2T + M, even with one claim every %d s',
    (seconds) => {
      const { clock, claim, wait } = makeStore();
      clock.now += TEN_YEARS;
      expect(claim()).toBe('claimed');
      wait(2 * T + M);
      expect(claim(), 'the claim that sets the floor').toBe('claimed');
      clock.now = NOW;
      const outcomes = Array.from({ length: 70 }, () => {
        wait(seconds);
        return claim({ time: clock.now + 1 });
      });
      expect(outcomes[0]).toMatch(/^unavailable: /);
      expect(outcomes.slice(-3)).toEqual(['claimed', 'claimed', 'claimed']);
    },
  );

  test('back and forth within the margin accepts no token twice', () => {
    const moves = fc.array(fc.tuple(fc.integer({ min: -40, max: 40 }), fc.integer({ min: -80, max: 80 }), fc.nat(1)), {
      maxLength: 60,
      size: 'max',
    });
    fc.assert(
      fc.property(moves, (list) => {
        const { clock, claim } = makeStore({ afterLoss: 'accept' });
        const taken = new Set<string>();
        for (const [shift, ahead, nonce] of list) {
          clock.now = NOW + shift;
          const time = clock.now + ahead / 4;
          const outcome = claim({ time, nonce: `${nonce}` });
          expect(outcome).toMatch(/^(?:claimed|replayed|forgotten)$/);
          if (outcome === 'claimed') expect(taken.has(`${time} ${nonce}`), 'taken before').toBe(false);
          if (outcome === 'claimed') taken.add(`${time} ${nonce}`);
          if (outcome === 'replayed') expect(taken.has(`${time} ${nonce}`), 'taken before').toBe(true);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe('a full store', () => {
  const fill = (claim: ReturnType<typeof makeStore>['claim'], time = NOW) =>
    hundred((index) => expect(claim({ username: `u${index % 10}`, time, nonce: `f${index}` })).toBe('claimed'));

  test('is unavailable, evicts nothing, and accepts claims again once nonces are deleted', () => {
    const { clock, store, claim, wait } = makeStore({ maxNonces: 100 });
    fill(claim);
    const full = 'full: 100 nonces; raise maxNonces';
    expect(store.readiness(clock.now)).toEqual({ ready: false, reason: full });
    for (const username of ['late', 'u1']) expect(claim({ username })).toBe(`unavailable: ${full}`);
    wait(T + M);
    expect(claim({ username: 'late' })).toBe(`unavailable: ${full}`);
    clock.now = NOW;
    hundred((index) =>
      expect(claim({ username: `u${index % 10}`, time: NOW, nonce: `f${index}` })).not.toBe('claimed'),
    );
    wait(T + M + 1);
    expect(claim({ username: 'late' })).toBe('claimed');
    expect(store.readiness(clock.now)).toEqual(READY);
  });

  test('becomes ready again even if nothing but readiness is called', () => {
    const { clock, store, claim, wait } = makeStore({ maxNonces: 100 });
    fill(claim);
    wait(T + M + 1);
    expect(store.readiness(clock.now)).toEqual(READY);
  });

  test('has its full capacity again once its nonces are deleted, whatever their times', () => {
    const { claim, clock, wait } = makeStore({ maxNonces: 1000, maxClaimsPerSecond: 1000 });
    for (let round = 0; round < 30; round++) {
      for (let index = 0; index < 1000; index++) {
        const time = clock.now + (round % 3 === 0 ? 0 : index % 20);
        expect(claim({ username: `u${(index + round) % 10}`, time }), `nonce ${index} of round ${round}`).toBe(
          'claimed',
        );
      }
      expect(claim({ username: 'late' })).toMatch(/^unavailable: full/);
      wait(T + T + M + 1);
    }
  });
});

describe('a machine without memory', () => {
  test('makes claims fail without counting them, and no token is accepted twice', () => {
    const { claim, wait } = makeStore({ maxNonces: 1000, maxClaimsPerSecond: 1000 });
    for (let round = 0; round < 3; round++) {
      let failed = 0;
      for (let index = 0; index < 1000; index++) {
        // The store also needs memory for each new user.
        const one = { username: `u${index % 10} of ${round}`, nonce: `${index} of ${round}` };
        let said: string | undefined;
        withoutMemory(() => {
          try {
            said = claim(one);
          } catch (error) {
            expect(error).toBeInstanceOf(RangeError);
            expect(() => claim(one)).toThrow(RangeError);
            failed += 1;
          }
        });
        expect(said ?? claim(one), one.nonce).toBe('claimed');
        if (index < 999) expect(claim(one)).toBe('replayed');
      }
      expect(failed).toBeGreaterThan(3);
      expect(claim({ username: 'late' })).toMatch(/^unavailable: full/);
      wait(T + M + 1);
    }
  });
});

describe('one user', () => {
  test('can use a tenth of the store, and as much again once its nonces are deleted', () => {
    const { claim, wait } = makeStore({ maxNonces: 10_000, maxClaimsPerSecond: 10_000 });
    for (let round = 0; round < 20; round++) {
      expect(
        outcomesOf(1000, () => claim()),
        `round ${round}`,
      ).toEqual(['claimed']);
      for (let index = 0; index < 3; index++) expect(claim()).toBe('rate_limited');
      expect(claim({ username: 'bob' }), 'another user').toBe('claimed');
      wait(T + M + 1);
    }
  });

  test('gets its share back at once, even if nonces of other users are deleted first', () => {
    const { claim, wait } = makeStore({ maxNonces: 1000 });
    for (let index = 0; index < 500; index++) expect(claim({ username: `u${index % 5}`, time: NOW })).toBe('claimed');
    for (let index = 0; index < 100; index++) expect(claim({ time: NOW + 1 })).toBe('claimed');
    expect(claim()).toBe('rate_limited');
    wait(T + M + 2);
    for (let index = 0; index < 100; index++) expect(claim()).toBe('claimed');
    expect(claim()).toBe('rate_limited');
  });

  test('gets its share back at once after an hour without claims, even if many nonces of other users must be deleted first', () => {
    const { claim, wait } = makeStore({ maxNonces: 100_000, maxClaimsPerSecond: 10_000 });
    expect(outcomesOf(16_000, (index) => claim({ username: `u${index % 8}` }))).toEqual(['claimed']);
    wait(1);
    expect(outcomesOf(10_000, () => claim())).toEqual(['claimed']);
    expect(claim()).toBe('rate_limited');
    wait(3600);
    // The user can claim slightly more than its share, because some of its old nonces are deleted during the claims.
    expect(outcomesOf(10_000, () => claim())).toEqual(['claimed']);
    const more = Array.from({ length: 100 }, () => claim());
    expect(more.filter((said) => said === 'claimed').length).toBeLessThan(10);
    expect(more.at(-1)).toBe('rate_limited');
  });

  test('can make maxClaimsPerSecond claims in a second, without affecting other users', () => {
    const { clock, claim } = makeStore({ maxClaimsPerSecond: 5 });
    clock.now = NOW + 0.9;
    for (let index = 0; index < 5; index++) expect(claim({ nonce: `a${index}` })).toBe('claimed');
    for (let index = 0; index < 3; index++) expect(claim({ nonce: 'late' })).toBe('rate_limited');
    expect(claim({ nonce: 'a0' }), 'a replay').toBe('replayed');
    for (const username of ['bob', 'Alice', 'alice2']) expect(claim({ username, nonce: 'late' })).toBe('claimed');
    clock.now = NOW + 1;
    expect(claim({ nonce: 'late' }), 'in the next second').toBe('claimed');
  });

  test('can make 2000 claims a second by default', () => {
    const { claim } = makeStore();
    expect(outcomesOf(2000, () => claim())).toEqual(['claimed']);
    expect(claim()).toBe('rate_limited');
  });

  test('that arrives after another has gone does not change the counts of a user that stayed', () => {
    const { clock, claim, wait } = makeStore({ maxNonces: 100 });
    const holds = (username: string) => expect(claim({ username })).toBe('rate_limited');
    const takes = (username: string, time = clock.now) => {
      for (let index = 0; index < 10; index++) expect(claim({ username, time })).toBe('claimed');
      holds(username);
    };
    takes('gone', NOW);
    takes('stays', NOW + T);
    takes('gone too', NOW);
    wait(T + M + 1);
    takes('comes');
    takes('comes too');
    holds('stays');
    wait(T);
    takes('stays');
    for (const username of ['comes', 'comes too']) holds(username);
  });

  test('that arrives after others have gone does not inherit their counts', () => {
    const { claim, wait } = makeStore({ maxNonces: 100, maxClaimsPerSecond: 2 });
    for (let round = 0; round < 50; round++) {
      for (const username of [`one of ${round}`, `other of ${round}`]) {
        expect([claim({ username }), claim({ username }), claim({ username })]).toEqual([
          'claimed',
          'claimed',
          'rate_limited',
        ]);
      }
      wait(T + M + 1);
    }
  });
});

describe('exactly one of 50 concurrent requests with one token is accepted', async () => {
  const key = await PrivateKey.generate();
  const keys = memoryKeyStore();
  keys.addKey('alice', key.publicKey);

  /** Sends all requests to stores whose replies arrive in any order, and returns how many requests were accepted. */
  async function race(scheduler: fc.Scheduler, nonces: NonceStore): Promise<number> {
    const { authenticate } = createAuthenticator({
      keys: {
        find: (...asked) => scheduler.schedule(Promise.resolve(), 'find').then(() => keys.find(...asked)),
      },
      nonces,
      now: () => NOW,
    });
    const authorization = `JWT ${await createToken({ username: 'alice', key, now: () => NOW })}`;
    const results = Promise.all(Array.from({ length: 50 }, () => authenticate({ authorization })));
    await scheduler.waitFor(results);
    const said = (await results).map((result) => (result.ok ? 'accepted' : result.reason));
    expect(said.filter((one) => one !== 'accepted').every((one) => one === 'replayed')).toBe(true);
    return said.filter((one) => one === 'accepted').length;
  }

  test('if the replies of the stores arrive in any order', async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), async (scheduler) => {
        const { store } = makeStore();
        const claim: NonceStore['claim'] = async (...asked) => {
          await scheduler.schedule(Promise.resolve(), 'claim');
          const outcome = await store.claim(...asked);
          return scheduler.schedule(Promise.resolve(outcome), 'answer');
        };
        expect(await race(scheduler, { ...store, claim })).toBe(1);
      }),
      { numRuns: 60 },
    );
  });

  test('and these tests detect a store that checks first and writes later', async () => {
    const counts: number[] = [];
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), async (scheduler) => {
        const seen = new Set<string>();
        const claim: NonceStore['claim'] = async ({ nonce }) => {
          const known = await scheduler.schedule(Promise.resolve(), 'look').then(() => seen.has(`${nonce}`));
          await scheduler.schedule(Promise.resolve(), 'write');
          seen.add(`${nonce}`);
          return known ? 'replayed' : 'claimed';
        };
        counts.push(await race(scheduler, { ...makeStore().store, claim }));
      }),
      { numRuns: 10 },
    );
    expect(Math.max(...counts)).toBeGreaterThan(1);
  });
});
