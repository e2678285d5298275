import { nonceStoreContract } from 'asymmetric-jwt-auth/testing';
import { afterAll, beforeAll, describe, test } from 'vitest';
import { lacksRedis, type RedisServer, startRedis, startRedisCluster } from '../../../../test/servers/redis.ts';
import { redisNonceStore } from '../../src/nonce-stores/redis.ts';
import { atClock, CLUSTER, portsOf, SINGLE, type TestClient } from './redis-clients.ts';

const KINDS = [
  [
    'one server',
    SINGLE,
    async () => {
      const server = await startRedis();
      return { nodes: [server], stop: () => server.stop() };
    },
  ],
  ['a cluster', CLUSTER, startRedisCluster],
] as const;

describe.skipIf(lacksRedis()).each(KINDS)('redisNonceStore on %s (needs redis-server)', (_, connect, startServers) => {
  let servers: { readonly nodes: readonly RedisServer[]; stop(): Promise<void> };
  beforeAll(async () => {
    servers = await startServers();
  });
  afterAll(() => servers.stop());

  describe.each(['ioredis', 'redis'] as const)('through %s keeps the contract of nonce stores', (library) => {
    let connection: TestClient;
    beforeAll(async () => {
      connection = await connect[library](portsOf(servers.nodes));
    });
    afterAll(() => connection.end());

    let stores = 0;
    const cases = nonceStoreContract({
      async make({ tolerance, margin, perUser, now }) {
        const prefix = `${library}${stores++}:`;
        // Nothing was lost, as nothing was there; the clock, here and there, is the case's.
        const options = { tolerance, margin, perUser, now, prefix, afterLoss: 'accept', deadline: 5000 } as const;
        const store = redisNonceStore(atClock(connection.client, now), options);
        await store.open(now());
        store.close();
        return store;
      },
      noCapacity: "Redis's memory is its limit",
    });
    for (const { name, run } of cases) test(name, run);
  });
});
