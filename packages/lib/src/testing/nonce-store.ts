/** The contract of nonce stores (spec/PROTOCOL.md, replay rule). */
import type { NonceClaim } from '../core/contracts.ts';
import { checkMembers, type OptionKinds } from '../core/options.ts';
import { type ContractCase, same, throws } from './contract.ts';
import { caseMaker, DEFAULTS, type NonceStoreFixture } from './nonce-store-fixture.ts';
import { nonceStoreLives } from './nonce-store-lives.ts';

/** Claims that differ from each other in one respect. A store must not confuse them. */
function differentClaims(t: number): NonceClaim[] {
  return [
    { username: 'alice', time: t, nonce: 'n' },
    { username: 'Alice', time: t, nonce: 'n' },
    { username: 'alicen', time: t, nonce: '' },
    { username: 'alic', time: t, nonce: 'en' },
    { username: 'alice ', time: t, nonce: 'n' },
    { username: 'alice', time: t, nonce: 'N' },
    { username: 'alice', time: t, nonce: 'n ' },
    { username: 'alice', time: t, nonce: 'n\u0000' },
    { username: 'alice', time: t, nonce: `:${t}:n` },
    { username: `alice:${t}`, time: t, nonce: 'n' },
    { username: 'alice', time: t + 0.5, nonce: 'n' },
    { username: 'alice', time: t + 1, nonce: 'n' },
    { username: 'alice', time: t, nonce: '7' },
    { username: 'alice', time: t, nonce: 7 },
    { username: 'alice', time: t, nonce: 7.5 },
    { username: 'alice', time: t, nonce: '\u00e9' },
    { username: 'alice', time: t, nonce: 'e\u0301' },
    { username: '\u00e9', time: t, nonce: 'n' },
    { username: 'e\u0301', time: t, nonce: 'n' },
    { username: '__proto__', time: t, nonce: '__proto__' },
    { username: "a' OR 1=1 --", time: t, nonce: '%_*' },
    { username: 'u'.repeat(600), time: t, nonce: 'n'.repeat(255) },
    { username: 'u'.repeat(600), time: t, nonce: 'n'.repeat(254) },
  ];
}

const FIXTURE: OptionKinds<NonceStoreFixture> = {
  make: 'function',
  dispose: 'function',
  noCapacity: 'text',
  restart: 'any',
  loseMemory: 'any',
  race: 'any',
};

/**
 * Returns the cases of the contract of nonce stores.
 *
 * @param fixture - creates the store under test
 * @returns cases whose `run` rejects with ContractError if a rule is violated, or with an error of the store
 * @throws TypeError for a member of the fixture that is unknown, missing or of the wrong type
 *
 * @example
 * ```ts
 * import { memoryNonceStore } from 'asymmetric-jwt-auth';
 * import { nonceStoreContract } from 'asymmetric-jwt-auth/testing';
 *
 * const cases = nonceStoreContract({
 *   make: (setup) => memoryNonceStore(setup), // your own store here
 *   restart: 'its memory ends with its process',
 * });
 * for (const { run } of cases) await run(); // or, with a test runner: test(name, run)
 * ```
 */
export function nonceStoreContract(fixture: NonceStoreFixture): ContractCase[] {
  checkMembers('fixture', fixture, FIXTURE, ['make']);
  const contractCase = caseMaker(fixture);

  const cases = [
    contractCase('serves as soon as it is created', async (store, { now }) => {
      await store.open(now);
      same(store.readiness(now), { ready: true }, 'readiness');
      same(store.tolerance >= DEFAULTS.tolerance, true, 'tolerance is at least that of the setup');
    }),

    contractCase('claims a nonce once', async (store, { now }) => {
      const claim = { username: 'alice', time: now, nonce: 'n' };
      same(await store.claim(claim, now), 'claimed', 'first claim');
      for (let again = 0; again < 3; again++) same(await store.claim(claim, now), 'replayed', 'later claim');
    }),

    contractCase('lets exactly one of 200 concurrent callers claim a nonce', async (store, { now }) => {
      for (let round = 0; round < 10; round++) {
        const claim = { username: 'alice', time: now, nonce: `n${round}` };
        const outcomes = await Promise.all(Array.from({ length: 200 }, async () => store.claim(claim, now)));
        same(outcomes.filter((outcome) => outcome === 'claimed').length, 1, 'callers that claimed the nonce');
        same(outcomes.filter((outcome) => outcome === 'replayed').length, 199, 'callers that did not claim the nonce');
      }
    }),

    contractCase('does not confuse claims that differ in one respect', async (store, { now }) => {
      const claims = differentClaims(now).filter(({ nonce }) => nonce !== '');
      for (const claim of claims) same(await store.claim(claim, now), 'claimed', `claim of ${JSON.stringify(claim)}`);
      for (const claim of claims)
        same(await store.claim(claim, now), 'replayed', `repetition of ${JSON.stringify(claim)}`);
    }),

    contractCase('treats equal numbers as the same nonce', async (store, { now }) => {
      same(await store.claim({ username: 'a', time: now, nonce: 0 }, now), 'claimed', '0');
      same(await store.claim({ username: 'a', time: now, nonce: -0 }, now), 'replayed', '-0');
      same(await store.claim({ username: 'a', time: now, nonce: 1e21 }, now), 'claimed', '1e21');
      same(
        await store.claim({ username: 'a', time: now, nonce: 1_000_000_000_000_000_000_000 }, now),
        'replayed',
        '1e21 written in digits',
      );
    }),

    contractCase(
      'remembers a nonce until the tolerance and the clock margin have passed since its time',
      async (store, clock) => {
        const time = clock.now + DEFAULTS.tolerance;
        const claim = { username: 'alice', time, nonce: 'n' };
        same(await store.claim(claim, clock.now), 'claimed', 'first claim');
        for (const later of [1, 20, 39, 40]) {
          clock.now = time + later;
          same(await store.claim(claim, clock.now), 'replayed', `${later} s after its time`);
        }
      },
    ),

    contractCase(
      'never claims a nonce again, however far the clock moves forwards or backwards',
      async (store, clock) => {
        const start = clock.now;
        const claim = { username: 'alice', time: start, nonce: 'n' };
        same(await store.claim(claim, start), 'claimed', 'first claim');
        for (const shift of [41, 60, 120, 3600, -60, 0, -3600, 10 * 365 * 86_400, 0]) {
          clock.now = start + shift;
          const outcome = await Promise.resolve()
            .then(() => store.claim(claim, clock.now))
            .catch(() => 'unavailable');
          same(outcome === 'claimed', false, `claimed again with the clock at ${shift} s`);
        }
      },
    ),

    contractCase(
      'completes the claims in flight when it is closed, and refuses later claims',
      async (store, { now }) => {
        if (store.close === undefined) return;
        await store.open(now);
        const inFlight = Array.from({ length: 50 }, async (_, index) =>
          store.claim({ username: 'alice', time: now, nonce: `n${index}` }, now),
        );
        const outcomes = Promise.allSettled(inFlight);
        await store.close();
        for (const one of await outcomes) same(one, { status: 'fulfilled', value: 'claimed' }, 'claim in flight');
        await throws(() => store.claim({ username: 'alice', time: now, nonce: 'late' }, now), 'a claim after close()');
        same(store.readiness(now).ready, false, 'readiness after close()');
        await store.close();
      },
    ),

    contractCase('forgets no nonce when it is opened again', async (store, { now }) => {
      const claim = { username: 'alice', time: now, nonce: 'n' };
      same(await store.claim(claim, now), 'claimed', 'first claim');
      await store.open(now);
      same(await store.claim(claim, now), 'replayed', 'claim after open()');
    }),

    contractCase(
      'limits the claims per second of each user separately',
      async (store, clock) => {
        const claim = (username: string, nonce: string) => store.claim({ username, time: clock.now, nonce }, clock.now);
        for (let index = 0; index < 5; index++) same(await claim('alice', `n${index}`), 'claimed', `claim ${index}`);
        same(await claim('alice', 'n5'), 'rate_limited', 'one claim too many');
        same(await claim('bob', 'n5'), 'claimed', 'another user');
        same(await claim('alice', 'n0'), 'replayed', 'a replay beyond the limit');
        clock.now += 1;
        same(await claim('alice', 'n5'), 'claimed', 'the refused nonce one second later');
      },
      { maxClaimsPerSecond: 5 },
    ),
  ];

  if (fixture.noCapacity === undefined) {
    cases.push(
      contractCase(
        'gives one user a tenth of its capacity, and refuses claims when it is full instead of forgetting nonces',
        async (store, { now }) => {
          const claim = (username: string, nonce: string) => store.claim({ username, time: now, nonce }, now);
          for (let index = 0; index < 10; index++) same(await claim('alice', `n${index}`), 'claimed', `claim ${index}`);
          same(await claim('alice', 'n10'), 'rate_limited', 'a claim beyond a tenth of the capacity');
          for (let user = 1; user < 10; user++) {
            for (let index = 0; index < 10; index++)
              same(await claim(`u${user}`, `n${index}`), 'claimed', `user ${user}`);
          }
          await throws(() => claim('late', 'n'), 'a claim on a full store');
          same(store.readiness(now).ready, false, 'readiness of a full store');
        },
        { maxNonces: 100 },
      ),
    );
  }
  return [...cases, ...nonceStoreLives(fixture)];
}
