import { lacksRedis, startRedis, until } from 'ajwt-testkit/servers/redis';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { claimAt, LIBRARIES, NOW, now, outcomeOf, redisFixture, serves } from './fixture.ts';

describe.skipIf(lacksRedis()).each(LIBRARIES)(
  'redisNonceStore after a loss, through %s (needs redis-server)',
  (library) => {
    const redis = redisFixture(library);

    test.each([
      ['FLUSHALL', async () => void (await redis.server.cli('FLUSHALL'))],
      [
        'a crash without persistence',
        async () => {
          await redis.server.kill();
          await redis.server.start();
        },
      ],
    ])(
      'caused by %s, refuses every earlier token, and accepts new tokens of all users once it is ready',
      async (_, lose) => {
        const store = await redis.serve();
        const used = claimAt(Math.floor(now()));
        expect(await store.claim(used, now())).toBe('claimed');
        await lose();
        await until('the store responds', async () => (await store.claim(used, now())) === 'forgotten');
        await until('the store has visited all buckets', async () => (await redis.server.cli('DBSIZE')) === '1024');
        await serves(store);
        const time = Math.floor(now());
        for (const user of ['bob', 'carol', 'dave', 'erin']) {
          expect(await store.claim(claimAt(time, 'n', user), now()), user).toBe('claimed');
        }
      },
    );

    test('refuses earlier tokens even if Redis restored its data from disk, because some of it may be lost', async () => {
      const durable = await startRedis('--appendonly', 'yes', '--appendfsync', 'everysec');
      try {
        const store = await redis.serve({}, await redis.connect(durable));
        const [used, unused] = [claimAt(Math.floor(now())), claimAt(Math.floor(now()), 'unused')];
        expect(await store.claim(used, now())).toBe('claimed');
        await durable.kill('SIGTERM');
        await durable.start();
        await until('the store responds', async () => (await store.claim(used, now())) === 'replayed');
        expect(await store.claim(unused, now())).toBe('forgotten');
      } finally {
        await durable.stop();
      }
    });

    test('accepts used tokens again as afterLoss says: with fresh only those dated ahead, with quarantine none, with accept all', async () => {
      const ahead = claimAt(NOW + 20);
      const past = claimAt(NOW - 20);
      const clock = { now: NOW };
      for (const [afterLoss, expected] of [
        ['fresh', { ahead: 'claimed', past: 'forgotten', later: 'claimed' }],
        ['quarantine', { ahead: 'unavailable', past: 'unavailable', later: 'claimed' }],
        ['accept', { ahead: 'claimed', past: 'claimed', later: 'claimed' }],
      ] as const) {
        clock.now = NOW - 100;
        await redis.server.cli('FLUSHALL');
        const store = await redis.atClock(clock, { afterLoss });
        clock.now = NOW;
        expect(await store.claim(ahead, NOW)).toBe('claimed');
        expect(await store.claim(past, NOW)).toBe('claimed');
        await redis.server.cli('FLUSHALL');
        expect(await outcomeOf(store.claim(ahead, NOW)), `${afterLoss}, dated ahead`).toBe(expected.ahead);
        expect(await outcomeOf(store.claim(past, NOW)), `${afterLoss}, from before`).toBe(expected.past);
        clock.now = NOW + 41;
        expect(await store.claim(claimAt(NOW + 41), NOW + 41), `${afterLoss}, later`).toBe(expected.later);
      }
    });

    test('starts a new quarantine after a second loss, even if there were no claims for a minute', async () => {
      // Without its timer, the store visits no bucket: only a claim can notice the second loss.
      vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
      onTestFinished(() => void vi.useRealTimers());
      const clock = { now: NOW, monotonic: 0, lag: 5 };
      const store = await redis.atClock(clock, { afterLoss: 'quarantine' });
      expect(await outcomeOf(store.claim(claimAt(NOW), NOW))).toBe('unavailable');
      clock.now += 61;
      clock.monotonic += 61;
      await redis.server.cli('FLUSHALL');
      for (let again = 0; again < 3; again++) {
        expect(await outcomeOf(store.claim(claimAt(clock.now + 15), clock.now))).toBe('unavailable');
      }
    });
  },
);
