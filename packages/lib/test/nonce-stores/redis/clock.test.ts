import { lacksRedis } from 'ajwt-testkit/servers/redis';
import { describe, expect, test } from 'vitest';
import { claimAt, LIBRARIES, NOW, now, outcomeOf, redisFixture } from './fixture.ts';

describe.skipIf(lacksRedis()).each(LIBRARIES)(
  'redisNonceStore with a controlled clock, through %s (needs redis-server)',
  (library) => {
    const redis = redisFixture(library);

    test('deletes a record once it has expired, and first raises H to exactly its time', async () => {
      const clock = { now: NOW - 1 };
      const store = await redis.atClock(clock);
      for (let second = 0; second < 100; second++) {
        clock.now = NOW + second;
        await store.claim(claimAt(clock.now + 0.123456), clock.now);
      }
      const records = (await redis.contents()).filter(([member]) => member.length === 22);
      expect(Math.min(...records.map(([, score]) => score))).toBe(NOW + 59 + 0.123456);
      expect(records).toHaveLength(41);
      expect(await store.claim(claimAt(NOW + 58.123456, 'unused'), clock.now)).toBe('forgotten');
      expect(await store.claim(claimAt(NOW + 58.1234562, 'unused'), clock.now)).toBe('claimed');
    });

    test('open() deletes the expired records of a user who makes no more claims', async () => {
      const clock = { now: NOW - 1 };
      const store = await redis.atClock(clock);
      for (let index = 0; index < 50; index++) await store.claim(claimAt(NOW, `${index}`), clock.now);
      expect(await redis.contents()).toHaveLength(51);
      clock.now = NOW + 41;
      await store.open(clock.now);
      expect(await redis.contents()).toEqual([]);
      expect(await store.claim(claimAt(NOW, 'unused'), clock.now)).toBe('forgotten');
    });

    test.each([10, -10])(
      'with a clock that differs by %i s from that of Redis, accepts nothing, deletes nothing, and gives the reason',
      async (gap) => {
        const store = await redis.serve();
        const claim = claimAt(Math.floor(now()));
        expect(await store.claim(claim, now())).toBe('claimed');
        await expect(store.claim(claimAt(now() + gap, 'm'), now() + gap)).rejects.toThrow('more than 9 s apart');
        expect(store.readiness(now())).toMatchObject({ ready: false, reason: expect.stringContaining('clocks') });
        expect(await redis.contents()).toHaveLength(2);
        await expect(store.claim(claim, now() + 3600)).rejects.toThrow('clocks');
        expect(await store.claim(claim, now())).toBe('replayed');
        expect(store.readiness(now())).toEqual({ ready: true });
      },
    );

    test('H is lowered if it was impossible, even if it becomes possible while its bucket is closed', async () => {
      const clock = { now: NOW + 70, monotonic: 0 };
      const store = await redis.atClock(clock);
      const claimed = async (passed: number) => {
        clock.now = NOW + passed;
        clock.monotonic = passed;
        return outcomeOf(store.claim(claimAt(clock.now, `${passed}`), clock.now));
      };
      for (const passed of [0, 29, 31, 59]) expect(await claimed(passed), `${passed} s`).toBe('unavailable');
      expect(await claimed(60), 'H is now').toBe('forgotten');
      expect(await claimed(61)).toBe('claimed');
    });

    test('an H set while all clocks were years ahead locks users out for at most 2T + M', async () => {
      const years = 10 * 365 * 86_400;
      const clock = { now: NOW + years, monotonic: 0 };
      const store = await redis.atClock(clock);
      expect(await store.claim(claimAt(clock.now + 1), clock.now)).toBe('claimed');
      for (const passed of [0, 59]) {
        clock.now = NOW + passed;
        clock.monotonic = passed;
        await expect(store.claim(claimAt(clock.now), clock.now)).rejects.toThrow('check the clock');
        expect(store.readiness(clock.now)).toMatchObject({
          ready: false,
          reason: expect.stringContaining('check the clock'),
        });
      }
      clock.now = NOW + 61;
      clock.monotonic = 61;
      expect(await store.claim(claimAt(clock.now), clock.now), 'H is now').toBe('forgotten');
      clock.now = NOW + 62;
      expect(await store.claim(claimAt(clock.now), clock.now)).toBe('claimed');
      // The store keeps the record that it made while the clock was wrong.
      clock.now = NOW + years;
      expect(await outcomeOf(store.claim(claimAt(clock.now + 1), clock.now))).toBe('replayed');
    });
  },
);
