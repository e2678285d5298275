import type { ClaimOutcome, NonceClaim, NonceStore } from 'asymmetric-jwt-auth';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { fairClaims } from '../../src/nonces/fair-claims.ts';

/** A store whose claims wait until the test settles them. */
function makeSlowStore() {
  const underWay: { readonly username: string; decide(outcome?: ClaimOutcome): void; fail(): void }[] = [];
  const store: NonceStore = {
    tolerance: 20,
    open() {},
    readiness: () => ({ ready: true }),
    claim: ({ username }) =>
      new Promise((resolve, reject) => {
        underWay.push({
          username,
          decide: (outcome = 'claimed') => resolve(outcome),
          fail: () => reject(new Error('gone')),
        });
      }),
  };
  return { underWay, store };
}

const claimOf = (username: string): NonceClaim => ({ username, time: 1, nonce: 'n' });

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

test('users take turns: a claim does not wait for a hundred claims of another user', async () => {
  const { underWay, store } = makeSlowStore();
  const fair = fairClaims(store, { maxInFlight: 1, maxWaiting: 256, maxWaitMs: 150 });
  const claims = Array.from({ length: 100 }, () => fair.claim(claimOf('busy'), 0));
  claims.push(fair.claim(claimOf('honest'), 0), fair.claim(claimOf('other'), 0));
  for (let done = 0; done < claims.length; done++) {
    await vi.advanceTimersByTimeAsync(0);
    expect(underWay).toHaveLength(done + 1);
    underWay[done]?.decide();
  }
  await Promise.all(claims);
  expect(underWay.slice(0, 5).map(({ username }) => username)).toEqual(['busy', 'busy', 'honest', 'other', 'busy']);
});

test('the store never has more claims in flight than the limit, even after failures', async () => {
  const { underWay, store } = makeSlowStore();
  const fair = fairClaims(store, { maxInFlight: 2, maxWaiting: 256, maxWaitMs: 150 });
  const claims = Promise.allSettled(Array.from({ length: 5 }, (_, user) => fair.claim(claimOf(`user${user}`), 0)));
  expect(underWay).toHaveLength(2);
  underWay[0]?.fail();
  underWay[1]?.fail();
  await vi.advanceTimersByTimeAsync(0);
  expect(underWay).toHaveLength(4);
  underWay[2]?.decide();
  underWay[3]?.decide('replayed');
  await vi.advanceTimersByTimeAsync(0);
  expect(underWay).toHaveLength(5);
  underWay[4]?.decide();
  expect((await claims).map(({ status }) => status)).toEqual([
    ...['rejected', 'rejected'],
    ...['fulfilled', 'fulfilled', 'fulfilled'],
  ]);
  // Two new claims reach the store at once, and the third waits.
  fair.claim(claimOf('a'), 0);
  fair.claim(claimOf('b'), 0);
  Promise.resolve(fair.claim(claimOf('c'), 0)).catch(() => {});
  expect(underWay).toHaveLength(7);
});

test('a claim that waits too long fails as unavailable, and never reaches the store', async () => {
  const { underWay, store } = makeSlowStore();
  const fair = fairClaims(store, { maxInFlight: 1, maxWaiting: 256, maxWaitMs: 150 });
  const first = fair.claim(claimOf('guido'), 0);
  const second = Promise.resolve(fair.claim(claimOf('guido'), 0));
  const outcome = expect(second).rejects.toMatchObject({
    code: 'unavailable',
    message: expect.stringContaining('150 ms'),
  });
  await vi.advanceTimersByTimeAsync(150);
  await outcome;
  underWay[0]?.decide();
  expect(await first).toBe('claimed');
  expect(underWay).toHaveLength(1);
});

test('claims of a user who has too many waiting claims fail; claims of other users are made', async () => {
  const { underWay, store } = makeSlowStore();
  const fair = fairClaims(store, { maxInFlight: 1, maxWaiting: 2, maxWaitMs: 150 });
  const claims = ['busy', 'busy', 'busy', 'busy', 'honest'].map((name) => fair.claim(claimOf(name), 0));
  const settled = Promise.allSettled(claims);
  for (let done = 0; done < 4; done++) {
    await vi.advanceTimersByTimeAsync(0);
    expect(underWay).toHaveLength(done + 1);
    underWay[done]?.decide();
  }
  expect((await settled).map(({ status }) => status)).toEqual([
    ...['fulfilled', 'fulfilled', 'fulfilled', 'rejected', 'fulfilled'],
  ]);
});
