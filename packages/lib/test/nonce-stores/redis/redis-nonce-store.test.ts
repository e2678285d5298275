import { createHash } from 'node:crypto';
import { lacksRedis } from 'ajwt-testkit/servers/redis';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { type IoredisClient, redisNonceStore } from '../../../src/nonce-stores/redis/redis-nonce-store.ts';
import { checkConcurrentClaims } from '../concurrent-claims.ts';
import { claimAt, LIBRARIES, now, redisFixture, serves } from './fixture.ts';

describe.skipIf(lacksRedis()).each(LIBRARIES)('redisNonceStore, through %s (needs redis-server)', (library) => {
  const redis = redisFixture(library);

  test('when new, refuses tokens that may have been used before, and reports when it is ready', async () => {
    // Opening may take a second, so the test uses the time before opening.
    const before = now();
    const store = await redis.open();
    expect(store.readiness(before)).toMatchObject({
      ready: false,
      reason: expect.stringContaining('claims may be lost'),
    });
    expect(await store.claim(claimAt(Math.floor(before) - 1), now())).toBe('forgotten');
    await serves(store);
    expect(await store.claim(claimAt(Math.floor(now())), now())).toBe('claimed');
  });

  test('finds the nonces that a store on another connection has claimed', async () => {
    const store = await redis.serve();
    const [first, second] = [claimAt(Math.floor(now())), claimAt(Math.floor(now()), 'other')];
    expect(await store.claim(first, now())).toBe('claimed');
    const by = library === 'ioredis' ? 'redis' : 'ioredis';
    const other = await redis.open({}, await redis.connect({ port: redis.server.port, by }));
    expect(await other.claim(first, now())).toBe('replayed');
    expect(await other.claim(second, now())).toBe('claimed');
  });

  test('works without open() and after SCRIPT FLUSH', async () => {
    const store = redis.make();
    // This time is above the floor, even if opening takes seconds.
    const time = Math.floor(now()) + 15;
    expect(await store.claim(claimAt(time), now())).toBe('claimed');
    await redis.server.cli('SCRIPT', 'FLUSH');
    expect(await store.claim(claimAt(time), now())).toBe('replayed');
    expect(await store.claim(claimAt(time, 'm'), now())).toBe('claimed');
  });

  test('limits the claims of a user in all processes together', async () => {
    const [one, two] = [await redis.open({ maxClaimsPerSecond: 10 }), await redis.open({ maxClaimsPerSecond: 10 })];
    const claimMany = () =>
      Promise.all(
        Array.from({ length: 100 }, (_, index) => [one, two][index % 2]?.claim(claimAt(now() + 3, `${index}`), now())),
      );
    // Each second has its own limit, and the claims may run past the end of the first second.
    const claimed = (await claimMany()).filter((outcome) => outcome === 'claimed').length;
    expect([10, 20]).toContain(claimed);
  });
});

describe.skipIf(lacksRedis())('concurrent claims in redisNonceStore (needs redis-server)', () => {
  const redis = redisFixture('ioredis');

  test('are decided independently of one another', async () => {
    await checkConcurrentClaims(await redis.serve({ afterLoss: 'accept', deadlineMs: 5000 }), 30);
  });

  test('of many users share scripts', async () => {
    const client = (await redis.connect()) as IoredisClient;
    const evalsha = vi.spyOn(client, 'evalsha');
    const store = await redis.serve({ deadlineMs: 5000, afterLoss: 'accept' }, client);
    // Other scripts, which check buckets, run once a second.
    await store.claim(claimAt(now()), now());
    evalsha.mockClear();
    const claims = Array.from({ length: 64 }, (_, user) => store.claim(claimAt(now(), 'n', `user${user}`), now()));
    expect(new Set(await Promise.all(claims))).toEqual(new Set(['claimed']));
    expect(evalsha.mock.calls.map(([, keys]) => keys).filter((keys) => keys > 1)).toEqual([32, 32]);
  });

  test('fail alone if their bucket has an error', async () => {
    const store = await redis.serve({ deadlineMs: 5000 });
    const bucket = createHash('sha256').update('alice').digest().readUInt16BE() % 1024;
    await redis.server.cli('DEL', `ajwt:nonces:${bucket}`);
    await redis.server.cli('SET', `ajwt:nonces:${bucket}`, 'not a sorted set');
    const claim = (user: string) =>
      Promise.resolve(store.claim(claimAt(Math.floor(now()) + 2, 'n', user), now())).catch(
        (error: Error) => error.message,
      );
    const outcomes = await Promise.all(['bob', 'alice', 'carol'].map(claim));
    expect(outcomes).toEqual(['claimed', expect.stringContaining('WRONGTYPE'), 'claimed']);
  });

  test('forget more old records than they add', async () => {
    const store = await redis.serve({ afterLoss: 'accept', deadlineMs: 5000 });
    let clock = now();
    const claimMany = () =>
      Promise.all(Array.from({ length: 40 }, (_, index) => store.claim(claimAt(clock, `${clock} ${index}`), clock)));
    const bucket = createHash('sha256').update('alice').digest().readUInt16BE() % 1024;
    const size = async () => Number(await redis.server.cli('ZCARD', `ajwt:nonces:${bucket}`));
    await claimMany();
    const before = await size();
    expect(before).toBe(42);
    // The records are now older than T + M, by the clocks of the caller and of Redis.
    await redis.server.cli('EVAL', AGE, '1', `ajwt:nonces:${bucket}`);
    clock = now();
    expect(new Set(await claimMany())).toEqual(new Set(['claimed']));
    expect(await size()).toBe(42);
  });
});

/** A script that makes all records of a bucket 100 seconds older. */
const AGE = `for _, member in ipairs(redis.call('ZRANGE', KEYS[1], 1, -1)) do
  if #member == 22 then redis.call('ZINCRBY', KEYS[1], -100, member) end
end`;

describe('redisNonceStore', () => {
  /** Makes a client whose Redis passes all checks, and responds to each claim with the given result. */
  function clientThat(claim: () => Promise<unknown>): IoredisClient {
    const evalsha = async (_sha: string, _keys: number, ...words: string[]) => {
      if (words.length === 1) return ['', 'noeviction', 'named'];
      return words.length === 6 ? ['!a', 'settled', '0', ''] : claim();
    };
    return { evalsha, eval: evalsha, pipeline: () => ({ exec: async () => [[null, await claim()]] }) };
  }

  test.each([
    'OOM command not allowed',
    "READONLY You can't write against a read only replica.",
    'LOADING Redis is loading the dataset in memory',
    'CLUSTERDOWN The cluster is down',
    'TRYAGAIN Multiple keys request during rehashing of slot',
    'MASTERDOWN Link with MASTER is down',
    'NOREPLICAS Not enough good replicas to write.',
    'BUSY Redis is busy running a script',
    'WRONGTYPE Operation against a key holding the wrong kind of value',
  ])('is unavailable after the error %j, and does not repeat the claim', async (message) => {
    let asked = 0;
    const client = clientThat(() => {
      asked += 1;
      return Promise.reject(new Error(message));
    });
    const store = redisNonceStore(client);
    await store.open(now());
    await expect(store.claim(claimAt(now()), now())).rejects.toMatchObject({ code: 'unavailable' });
    expect(asked).toBe(1);
    await store.close();
  });

  test('checks its buckets once a second until it is closed, and refuses claims afterwards', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] });
    onTestFinished(() => void vi.useRealTimers());
    const client = clientThat(async () => ['!a', 'claimed', '0', '']);
    const evalsha = vi.spyOn(client, 'evalsha');
    const store = redisNonceStore(client);
    await store.open(now());
    evalsha.mockClear();
    await vi.advanceTimersByTimeAsync(3000);
    expect(evalsha).toHaveBeenCalledTimes(3 * 32);
    await store.close();
    evalsha.mockClear();
    await vi.advanceTimersByTimeAsync(3000);
    await expect(store.claim(claimAt(now()), now())).rejects.toThrow('the nonce store is closed');
    await expect(store.open(now())).rejects.toThrow('the nonce store is closed');
    expect(store.readiness(now())).toEqual({ ready: false, reason: 'the nonce store is closed' });
    expect(evalsha).not.toHaveBeenCalled();
  });

  test('says which version of Redis it needs if its scripts fail', async () => {
    const old = () =>
      Promise.reject(new Error("ERR Error compiling script (new function): unexpected symbol near '#'"));
    const store = redisNonceStore({ evalsha: old, eval: old, pipeline: () => ({ exec: async () => [] }) });
    await expect(store.open(now())).rejects.toThrow('need Redis 7 or newer, or Valkey (ERR Error compiling');
    await store.close();
  });

  test.each([
    [null],
    ['claimed'],
    [['claimed']],
    [['!a', 'CLAIMED', '0', '']],
    [[1, 2, 3, 4]],
    [['!a', '__proto__', '0', '']],
  ])('is unavailable after the unexpected reply %j', async (answer) => {
    const store = redisNonceStore(clientThat(async () => answer));
    await store.open(now());
    await expect(store.claim(claimAt(now()), now())).rejects.toMatchObject({ code: 'unavailable' });
    await store.close();
  });

  test.each([
    [{ tolerance: 0 }, 'option tolerance'],
    [{ clockMargin: 2 }, 'option clockMargin'],
    [{ afterLoss: 'forget' as 'fresh' }, 'option afterLoss'],
    [{ maxClaimsPerSecond: 2 ** 20 }, 'option maxClaimsPerSecond'],
    [{ prefix: '' }, 'option prefix'],
    [{ deadlineMs: 0 }, 'option deadlineMs'],
    [{ wait: { replicas: 0 } }, 'option wait.replicas'],
    [{ wait: { replicas: 1, timeoutMs: 151 } }, 'option wait.timeoutMs'],
    [
      { wait: { replicas: 1, timeout: 100 } as { replicas: number } },
      'option timeout: unknown; did you mean timeoutMs?',
    ],
    [{ Prefix: 'a' } as object, 'option Prefix'],
  ])('refuses the options %j', (options, message) => {
    expect(() =>
      redisNonceStore(
        clientThat(async () => null),
        options,
      ),
    ).toThrow(message);
  });
});
