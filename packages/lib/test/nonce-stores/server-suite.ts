/** The suite for the SQL nonce store on a database server. */

import { ask } from 'ajwt-testkit/databases';
import { claimAt, now, outcomeOf, type Server, Stores } from 'ajwt-testkit/server-stores';
import { type NonceStoreSetup, nonceStoreContract } from 'asymmetric-jwt-auth/testing';
import type { Kysely } from 'kysely';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { NonceStore } from '../../src/index.ts';
import { checkConcurrentClaims } from './concurrent-claims.ts';
import { race } from './race/race.ts';
import { raceThreeProcesses } from './three-processes.ts';

const YEARS = 10 * 365 * 86_400;

/**
 * @param deadlocks - a query for the number of deadlocks since the server was started, in the column `deadlocks`
 * @returns the stores, for further tests of one server
 */
export function serverSuite(name: string, deadlocks: string, start: () => Promise<Server>): Stores {
  const stores = new Stores();
  beforeAll(async () => {
    stores.server = await start();
  });
  afterEach(async () => {
    await stores.close();
    await stores.empty();
    await stores.close();
  });
  afterAll(() => stores.server.remove());
  const floorOf = async (database: Kysely<unknown>) =>
    Number((await ask<{ floor: number }>(database, 'SELECT floor FROM ajwt_epoch'))[0]?.floor);

  describe(`on ${name}, sqlNonceStore meets the nonce store contract`, () => {
    const join = ({ tolerance, clockMargin, maxClaimsPerSecond }: NonceStoreSetup) =>
      stores.make({ tolerance, clockMargin, maxClaimsPerSecond, deadlineMs: 5000 });
    const cases = nonceStoreContract({
      async make(setup) {
        await stores.empty();
        return join(setup);
      },
      dispose: () => stores.close(),
      noCapacity: 'only the disk limits it',
      restart: (_, setup) => join(setup),
      async loseMemory(_, setup) {
        const database = stores.database();
        await ask(database, 'DELETE FROM ajwt_nonce');
        await ask(database, "UPDATE ajwt_epoch SET incarnation = 'of another life'");
        return join(setup);
      },
      race: (race) => raceThreeProcesses(stores.server.address, race),
    });
    for (const { name, run } of cases) test(name, run);
  });

  describe(`on ${name}, sqlNonceStore`, () => {
    test('accepts no earlier token after a crash, and notices the crash without a claim', async () => {
      const store = await stores.store();
      const [used, unused] = [claimAt(Math.floor(now())), claimAt(Math.floor(now()))];
      expect(await outcomeOf(store, used)).toBe('claimed');
      await stores.server.crash();
      await expect.poll(() => store.readiness(now()).ready).toBe(false);
      expect(await outcomeOf(store, unused)).not.toBe('claimed');
      await stores.server.restart();
      const back = now();
      await expect.poll(() => store.readiness(now()), { timeout: 10_000 }).toEqual({ ready: true });
      expect(now() - back, 'seconds until it is ready').toBeLessThan(10);
      expect(await outcomeOf(store, used)).toBe('replayed');
      expect(await outcomeOf(store, unused)).toBe('forgotten');
      expect(await outcomeOf(store, claimAt(Math.floor(now())))).toBe('claimed');
    });

    test('creates its tables if the first claims of an empty database are concurrent, and accepts one of them', async () => {
      for (let round = 0; round < 6; round++) {
        await stores.empty();
        const databases = Array.from({ length: 12 }, () => stores.database(undefined, 1));
        // Connects first, so that all claims start at the same moment.
        await Promise.all(databases.map((database) => ask(database, 'SELECT 1')));
        const claim = claimAt();
        const first = databases.map((database) => outcomeOf(stores.make({ deadlineMs: 5000 }, database), claim));
        expect((await Promise.all(first)).sort()).toEqual(['claimed', ...Array(11).fill('replayed')]);
        await stores.close();
      }
    });

    test('accepts no token twice if it purges during claims, and raises the floor first', async () => {
      const options = { afterLoss: 'accept', deadlineMs: 2000 } as const;
      const both = [await stores.store(options), await stores.store(options)];
      const start = Math.floor(now()) - 1000;
      const claims = Array.from({ length: 900 }, (_, index) => claimAt(start + index, 'n'));
      const got = new Map<number, number>();
      for (let from = 0; from < claims.length; from += 30) {
        const batch = claims.slice(from, from + 30).flatMap((claim) => [claim, claim]);
        // Claims earlier nonces again, because the purge may be deleting them now.
        const earlier = claims.slice(0, from).filter((_, index) => index % 15 === 0);
        const outcomes = await Promise.all(
          [...batch, ...earlier].map(async (claim, index) => {
            const outcome = await outcomeOf(both[index % 2] as NonceStore, claim);
            if (outcome === 'claimed') got.set(claim.time, (got.get(claim.time) ?? 0) + 1);
            return outcome;
          }),
        );
        expect(new Set(outcomes)).not.toContain('the nonce could neither be claimed nor found; try again');
      }
      expect([...got.values()].filter((times) => times > 1)).toEqual([]);
      expect(got.size).toBeGreaterThan(100);
      const database = stores.database();
      await expect.poll(() => ask(database, 'SELECT time FROM ajwt_nonce'), { timeout: 10_000 }).toEqual([]);
      expect(await floorOf(database)).toBeGreaterThanOrEqual(Math.max(...got.keys()));
      for (const time of got.keys())
        expect(await outcomeOf(both[0] as NonceStore, claimAt(time, 'n'))).toBe('forgotten');
    });

    test('does not raise the floor during a claim', async () => {
      const store = await stores.store({ deadlineMs: 5000 });
      const claim = claimAt();
      expect(await outcomeOf(store, claim)).toBe('claimed');
      const others = [stores.database(), stores.database()] as const;
      await others[0].connection().execute(async (deleting) => {
        // The claim waits until this transaction ends, because the transaction may delete the nonce.
        await ask(deleting, 'BEGIN');
        await ask(deleting, 'DELETE FROM ajwt_nonce');
        const again = outcomeOf(store, claim);
        const lockFloor = () => ask(others[1], 'SELECT floor FROM ajwt_epoch FOR UPDATE NOWAIT').then(() => 'free');
        await expect.poll(() => lockFloor().catch(() => 'held')).toBe('held');
        await ask(deleting, 'ROLLBACK');
        expect(await again).toBe('replayed');
      });
    });

    test('fails a claim after deadlineMs while a lock is held, and later accepts its token at most once', async () => {
      const store = await stores.store();
      const claim = claimAt();
      await stores
        .database()
        .connection()
        .execute(async (other) => {
          await ask(other, 'BEGIN');
          await ask(other, 'UPDATE ajwt_epoch SET floor = floor');
          const start = performance.now();
          expect(await outcomeOf(store, claim)).toMatch(/did not respond in time|locked by another|max_statement_time/);
          expect(performance.now() - start).toBeLessThan(1000);
          expect(store.readiness(now())).toMatchObject({ ready: false });
          await ask(other, 'ROLLBACK');
        });
      await expect.poll(() => outcomeOf(store, claimAt())).toBe('claimed');
      expect(['claimed', 'replayed']).toContain(await outcomeOf(store, claim));
      expect(await outcomeOf(store, claim)).toBe('replayed');
    });

    test('refuses claims from a process whose clock is more than 9 s from that of the server, with the reason', async () => {
      const store = await stores.store();
      expect(await outcomeOf(store, claimAt(), now() + 9.5)).toMatch(/clock is 9\.\d s ahead of the database's/);
      expect(await outcomeOf(store, claimAt(), now() - 9.5)).toMatch(/clock is 9\.\d s behind the database's/);
      expect(store.readiness(now())).toMatchObject({ ready: false, reason: expect.stringContaining('clock') });
      expect(await outcomeOf(store, claimAt(), now() + 8)).toBe('claimed');
      expect(await outcomeOf(store, claimAt(), now() - 8)).toBe('claimed');
      await stores.empty();
      await expect(stores.make().open(now() + YEARS)).rejects.toThrow('clock');
      expect(await floorOf(stores.database())).toBeLessThan(now() + 41);
    });

    test('locks users out for at most 2T + M if the floor is years ahead', async () => {
      let monotonic = 0;
      const store = await stores.store({ clockMargin: 600, monotonic: () => monotonic });
      await ask(stores.database(), `UPDATE ajwt_epoch SET floor = floor + ${YEARS}`);
      expect(await outcomeOf(store, claimAt())).toContain('check the clock');
      monotonic = 639;
      expect(await outcomeOf(store, claimAt(), now() + 200)).toContain('check the clock');
      monotonic = 641;
      await expect.poll(() => outcomeOf(store, claimAt(Math.floor(now()) + 210), now() + 200)).toBe('claimed');
    });

    test('lowers an impossible floor, even if it becomes possible while the store is closed', async () => {
      let monotonic = 0;
      const options = { clockMargin: 600, monotonic: () => monotonic, maxClaimsPerSecond: 1_000_000 };
      const [store, other] = [await stores.store(options), await stores.store(options)];
      await ask(stores.database(), 'UPDATE ajwt_epoch SET floor = floor + 700');
      for (const one of [store, other]) expect(await outcomeOf(one, claimAt())).toContain('check the clock');
      monotonic = 150;
      expect(await outcomeOf(store, claimAt(), now() + 150), 'while the floor is possible again').toContain(
        'check the clock',
      );
      monotonic = 641;
      for (const one of [store, other]) {
        await expect.poll(() => outcomeOf(one, claimAt(Math.floor(now()) + 210), now() + 200)).toBe('claimed');
      }
    });

    test('treats earlier tokens as afterLoss specifies after a loss', async () => {
      const lose = (database: Kysely<unknown>) =>
        ask(database, "UPDATE ajwt_epoch SET incarnation = 'of another life'");
      const database = stores.database();
      for (const [afterLoss, outcome] of [
        ['fresh', 'forgotten'],
        ['quarantine', expect.stringContaining('may be lost')],
        ['accept', 'claimed'],
      ] as const) {
        await stores.empty();
        const store = await stores.store({ afterLoss: 'accept' }, database);
        const claim = claimAt(Math.floor(now()));
        await outcomeOf(store, claim);
        await ask(database, 'DELETE FROM ajwt_nonce');
        await lose(database);
        const next = await stores.store({ afterLoss });
        expect(await outcomeOf(next, claim), afterLoss).toEqual(outcome);
        expect(next.readiness(now()).ready).toBe(afterLoss === 'accept');
      }
    });

    test('raises a floor that has fallen, as after a failback to a server that lacks claims', async () => {
      const store = await stores.store();
      const database = stores.database();
      const claim = claimAt(Math.floor(now()));
      expect(await outcomeOf(store, claim)).toBe('claimed');
      await ask(database, 'DELETE FROM ajwt_nonce');
      await ask(database, 'UPDATE ajwt_epoch SET floor = floor - 100');
      expect(await outcomeOf(store, claim)).toBe('forgotten');
      expect(await floorOf(database)).toBeGreaterThanOrEqual(claim.time);
    });

    test('decides many concurrent claims independently of one another', async () => {
      await checkConcurrentClaims(await stores.store({ afterLoss: 'accept', deadlineMs: 5000 }), 20);
    });

    test('refuses a claim with a clock that is not a number, and decides concurrent claims', async () => {
      const store = await stores.store();
      const claims = [
        outcomeOf(store, claimAt()),
        outcomeOf(store, claimAt(), Number.NaN),
        outcomeOf(store, claimAt()),
      ];
      expect(await Promise.all(claims)).toEqual(['claimed', expect.stringContaining('check the clock'), 'claimed']);
    });

    test('causes no deadlock if three processes claim the same nonces in different orders', async () => {
      await stores.store();
      const settings = { nonces: 2000, times: [1, 1, 1], users: 50, time: () => Math.floor(now()) + 5 } as const;
      const { twice, never, others } = await race(stores.server.address, settings);
      expect({ twice, never, others: [...others] }).toEqual({ twice: [], never: [], others: [] });
      const count = async () => Number((await ask(stores.database(), deadlocks))[0]?.deadlocks);
      expect(await count()).toBe(0);
    });

    test('claims nothing on a connection that was left in a transaction', async () => {
      const database = stores.database(undefined, 1);
      const store = await stores.store({}, database);
      await ask(database, 'BEGIN');
      // On PostgreSQL, the store recognizes such a transaction by its age.
      await expect.poll(() => outcomeOf(store, claimAt())).toMatch(/left in a transaction/);
      await ask(database, 'ROLLBACK');
      await expect.poll(() => outcomeOf(store, claimAt())).toBe('claimed');
    });

    test('closes at once, even if a deletion of old records is due soon', async () => {
      const store = await stores.store({ deadlineMs: 5000 });
      // Records are deleted ten seconds after a claim.
      expect(await outcomeOf(store, claimAt())).toBe('claimed');
      const start = performance.now();
      await store.close();
      expect(performance.now() - start).toBeLessThan(5000);
      expect(await outcomeOf(store, claimAt())).toBe('the nonce store is closed');
    });

    test('accepts usernames and nonces with special characters', async () => {
      const store = await stores.store();
      for (const odd of ['a\u0000b', "'; DROP TABLE ajwt_nonce; --", '\\', '\u{1F600}', 'ß'.repeat(300), ':time']) {
        const claim = claimAt(undefined, odd, odd);
        expect(await outcomeOf(store, claim)).toBe('claimed');
        expect(await outcomeOf(store, claim)).toBe('replayed');
      }
    });
  });
  return stores;
}
