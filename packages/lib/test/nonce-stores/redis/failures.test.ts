import { lacksRedis, until } from 'ajwt-testkit/servers/redis';
import { describe, expect, test } from 'vitest';
import { claimAt, LIBRARIES, NOW, now, outcomeOf, redisFixture, serves } from './fixture.ts';

describe.skipIf(lacksRedis()).each(LIBRARIES)(
  'redisNonceStore during failures, through %s (needs redis-server)',
  (library) => {
    const redis = redisFixture(library);

    test('a claim fails after deadlineMs if Redis is paused, and its nonce stays used', async () => {
      const store = await redis.serve({ deadlineMs: 150 });
      const claim = claimAt(Math.floor(now()));
      await redis.server.cli('CLIENT', 'PAUSE', '700', 'ALL');
      const started = performance.now();
      await expect(store.claim(claim, now())).rejects.toThrow('did not respond within 0.15 s');
      expect(performance.now() - started).toBeLessThan(1000);
      expect(store.readiness(now()).ready).toBe(false);
      await serves(store);
      expect(await until('Redis responds', () => store.claim(claim, now()) as Promise<string>)).toBe('replayed');
    });

    test('while Redis is down, claims are unavailable; they succeed within two seconds of its start', async () => {
      await redis.server.kill();
      const store = redis.make();
      await expect(store.claim(claimAt(now()), now())).rejects.toThrow();
      expect(store.readiness(now()).ready).toBe(false);
      await redis.server.start();
      const back = performance.now();
      await until(
        'a claim succeeds',
        async () => (await outcomeOf(store.claim(claimAt(now() + 3), now()))) === 'claimed',
      );
      expect(performance.now() - back).toBeLessThan(2500);
    });

    test('claims on a full Redis are unavailable until the store has deleted old records', async () => {
      const clock = { now: NOW - 1 };
      const store = await redis.atClock(clock);
      for (let index = 0; index < 50; index++) await store.claim(claimAt(NOW, `${index}`), clock.now);
      await redis.server.cli('CONFIG', 'SET', 'maxmemory', '1');
      try {
        await expect(store.claim(claimAt(NOW, 'late'), clock.now)).rejects.toThrow('Redis is full');
        clock.now = NOW + 41;
        await store.open(clock.now);
        expect(await redis.contents()).toEqual([]);
      } finally {
        await redis.server.cli('CONFIG', 'SET', 'maxmemory', '0');
      }
      expect(await store.claim(claimAt(NOW + 41, 'late'), clock.now)).toBe('claimed');
    });

    test('a Redis that may evict keys is refused until its configuration is changed, even if the store was open before', async () => {
      await redis.server.cli('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru');
      try {
        await expect(redis.open()).rejects.toThrow('set its maxmemory-policy to noeviction');
        await redis.server.cli('CONFIG', 'SET', 'maxmemory-policy', 'noeviction');
        let passed = 0;
        const store = await redis.serve({ monotonic: () => performance.now() / 1000 + passed });
        await redis.server.cli('CONFIG', 'SET', 'maxmemory-policy', 'volatile-ttl');
        passed = 31;
        await until('the store is not ready', async () => !store.readiness(now()).ready);
        await expect(store.claim(claimAt(now()), now())).rejects.toThrow('volatile-ttl');
        await redis.server.cli('CONFIG', 'SET', 'maxmemory-policy', 'noeviction');
        await serves(store);
        expect(await store.claim(claimAt(now()), now())).toBe('claimed');
      } finally {
        await redis.server.cli('CONFIG', 'SET', 'maxmemory-policy', 'noeviction');
      }
    });

    test('a Redis user without INFO is refused with the missing permission, and works once it has it', async () => {
      const commands = '+time +zadd +zscore +zcount +zrange +zrem +zremrangebyrank'.split(' ');
      const connect = ['+eval', '+evalsha', '+hello', '+client', '+auth'];
      await redis.server.cli('ACL', 'SETUSER', 'app', 'on', '>secret', '~ajwt:nonces:*', ...connect, ...commands);
      const client = await redis.connect(redis.server, { username: 'app', password: 'secret' });
      await expect(redis.open({}, client)).rejects.toThrow(/lacks permissions: ACL SETUSER <user> \+info$/);
      await redis.server.cli('ACL', 'SETUSER', 'app', '+info');
      const store = await redis.open({}, client);
      expect(await store.claim(claimAt(now() + 2), now())).toBe('claimed');
      await redis.server.cli('ACL', 'SETUSER', 'app', '-info');
      await expect(store.claim(claimAt(now() + 2, 'm'), now())).rejects.toThrow(
        /lacks permissions: ACL SETUSER <user> \+info$/,
      );
    });
  },
);
