/** The common setup of the tests of the Redis nonce store on one server. */

import { type RedisServer, startRedis, until } from 'ajwt-testkit/servers/redis';
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import {
  type RedisClient,
  type RedisNonceStore,
  type RedisNonceStoreOptions,
  redisNonceStore,
} from '../../../src/nonce-stores/redis/redis-nonce-store.ts';
import { atClock, SINGLE, type TestClient } from './clients.ts';

export const LIBRARIES = ['ioredis', 'redis'] as const;
export type Library = (typeof LIBRARIES)[number];
export const now = () => Date.now() / 1000;
/** A time for tests that set the clock. */
export const NOW = 1_800_000_000;
export const claimAt = (time: number, nonce = 'n', username = 'alice') => ({ username, time, nonce });
export const outcomeOf = async (claim: ReturnType<RedisNonceStore['claim']>) =>
  Promise.resolve(claim).catch(() => 'unavailable' as const);
/** Waits until a store is ready. */
export const serves = (store: RedisNonceStore) => until('the store is ready', async () => store.readiness(now()).ready);

/** A script that returns all members with their scores, except the epochs. */
const CONTENTS = `local all = {}
for _, key in ipairs(redis.call('KEYS', 'ajwt:nonces:*')) do
  local found = redis.call('ZRANGE', key, 1, -1, 'WITHSCORES')
  for index = 1, #found, 2 do all[#all + 1] = found[index] .. ' ' .. found[index + 1] end
end
return all`;

/** Starts a server for the tests of a file, which is emptied before each test, and connects to it with one library. */
export function redisFixture(library: Library) {
  const stores: RedisNonceStore[] = [];
  const connections: TestClient[] = [];
  let server: RedisServer;
  let client: RedisClient;

  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(() => server.stop());
  beforeEach(async () => {
    await server.cli('FLUSHALL');
    client = await connect();
  });
  afterEach(async () => {
    for (const store of stores.splice(0)) await store.close();
    for (const { end } of connections.splice(0)) end();
  });

  async function connect(
    to: { readonly port: number; readonly by?: Library } = server,
    user?: { username: string; password: string },
  ): Promise<RedisClient> {
    const connection = await SINGLE[to.by ?? library]([to.port], user);
    connections.push(connection);
    return connection.client;
  }

  function make(options: RedisNonceStoreOptions = {}, through = client): RedisNonceStore {
    const store = redisNonceStore(through, { deadlineMs: 2000, ...options });
    stores.push(store);
    return store;
  }

  async function open(options: RedisNonceStoreOptions = {}, through = client): Promise<RedisNonceStore> {
    const store = make(options, through);
    await store.open((options.now ?? now)());
    return store;
  }

  return {
    get server() {
      return server;
    },
    connect,
    make,
    open,
    /** Opens a store, and waits until it is ready. */
    async serve(options: RedisNonceStoreOptions = {}, through = client): Promise<RedisNonceStore> {
      const store = await open(options, through);
      await serves(store);
      return store;
    },
    /** Opens a store whose clocks the test sets; the clock of Redis can lag behind. */
    atClock(clock: { now: number; monotonic?: number; lag?: number }, options: RedisNonceStoreOptions = {}) {
      const timed = atClock(client, () => clock.now - (clock.lag ?? 0));
      return open({ now: () => clock.now, monotonic: () => clock.monotonic ?? 0, ...options }, timed);
    },
    /** Returns the members of all buckets with their scores. */
    async contents(): Promise<[string, number][]> {
      const lines = (await server.cli('EVAL', CONTENTS, '0')).split('\n').filter((line) => line !== '');
      return lines.map((line) => line.split(' ')).map(([member, score]) => [member as string, Number(score)]);
    },
  };
}
