/** Faults of one Redis that two processes share. */
import { lacksRedis, type RedisServer, startRedis } from 'ajwt-testkit/servers/redis';
import type { Fault, Scene } from '../fault.ts';
import { Program } from '../program.ts';
import type { StoreOptions } from '../stores.ts';
import { RECOVERY, TIMES, TOLERANCE } from '../times.ts';
import type { Users } from '../users.ts';

export const missing = () => (lacksRedis() ? 'needs redis-server' : undefined);

type Hit = (redis: RedisServer) => Promise<unknown>;

/** A Redis fault, how to heal it, and the settings of Redis. */
interface RedisFault extends Omit<Fault, 'set' | 'missing' | 'recovery'> {
  readonly settings?: readonly string[];
  readonly options?: StoreOptions;
  readonly recovery?: number;
  readonly inject: Hit;
  readonly heal: Hit;
}

function onOneRedis({ settings = [], options = TIMES, inject, heal, ...fault }: RedisFault): Fault {
  return {
    recovery: RECOVERY.redis,
    ...fault,
    missing,
    async set(users: Users): Promise<Scene> {
      const redis = await startRedis(...settings);
      const address = { kind: 'redis', port: redis.port } as const;
      const servers = [await Program.service(address, options, users), await Program.service(address, options, users)];
      return {
        servers,
        inject: async () => void (await inject(redis)),
        heal: async () => void (await heal(redis)),
        async end() {
          for (const server of servers) await server.kill();
          await redis.stop();
        },
      };
    },
  };
}

const kill: Hit = (redis) => redis.kill('SIGKILL');
const start: Hit = (redis) => redis.start();
/** Waits until Redis responds after a pause of any length. */
const answers: Hit = (redis) => redis.cli('PING');

export const REDIS_FAULTS: readonly Fault[] = [
  {
    name: 'redis-killed',
    what: 'Redis is killed and restarts empty',
    felt: 'unavailable',
    lasts: 0.3,
    remainder: 'ahead',
    provoked: true,
    short: true,
    inject: kill,
    heal: start,
  } as const,
  {
    name: 'redis-killed-aof',
    what: 'Redis is killed and restarts with its append-only file, without a remainder',
    settings: ['--appendonly', 'yes', '--appendfsync', 'always'],
    felt: 'unavailable',
    inject: kill,
    heal: start,
  } as const,
  {
    name: 'redis-restarted-rdb',
    what: 'Redis is stopped (SIGTERM) and restarts with its snapshot, without a remainder',
    settings: ['--save', '3600 1'],
    felt: 'unavailable',
    inject: (redis: RedisServer) => redis.kill('SIGTERM'),
    heal: start,
  } as const,
  {
    name: 'redis-paused',
    what: 'Redis is paused (SIGSTOP) and continues',
    felt: 'unavailable',
    lasts: 1.5,
    short: true,
    inject: async (redis: RedisServer) => redis.freeze(),
    async heal(redis: RedisServer) {
      redis.thaw();
      await answers(redis);
    },
  } as const,
  {
    name: 'redis-flushed',
    what: 'Redis is flushed',
    felt: 'forgotten',
    lasts: 0,
    remainder: 'ahead',
    provoked: true,
    short: true,
    inject: (redis: RedisServer) => redis.cli('FLUSHALL'),
    heal: answers,
  } as const,
  {
    name: 'redis-flushed-quarantine',
    what: "Redis is flushed with afterLoss: 'quarantine', without a remainder",
    options: { ...TIMES, afterLoss: 'quarantine' },
    // The store refuses all tokens for T, twice the largest difference between clocks, and the rest of a second.
    recovery: TOLERANCE + TIMES.clockMargin + 1,
    felt: 'unavailable',
    lasts: 0,
    inject: (redis: RedisServer) => redis.cli('FLUSHALL'),
    heal: answers,
  } as const,
  {
    name: 'redis-client-pause',
    what: 'Redis pauses its clients for 1.5 s (CLIENT PAUSE)',
    felt: 'unavailable',
    lasts: 0,
    short: true,
    inject: (redis: RedisServer) => redis.cli('CLIENT', 'PAUSE', '1500', 'ALL'),
    heal: answers,
  } as const,
  {
    name: 'redis-full',
    what: 'Redis reaches maxmemory, and refuses every write (OOM)',
    felt: 'unavailable',
    short: true,
    inject: (redis: RedisServer) => redis.cli('CONFIG', 'SET', 'maxmemory', '1'),
    heal: (redis: RedisServer) => redis.cli('CONFIG', 'SET', 'maxmemory', '0'),
  } as const,
].map(onOneRedis);
