import { lacksRedis, type RedisServer, startRedis, startRedisCluster } from 'ajwt-testkit/servers/redis';
import { type NonceStoreSetup, nonceStoreContract } from 'asymmetric-jwt-auth/testing';
import { afterAll, beforeAll, describe, test } from 'vitest';
import { redisNonceStore } from '../../../src/nonce-stores/redis/redis-nonce-store.ts';
import { raceThreeProcesses } from '../three-processes.ts';
import { atClock, CLUSTER, portsOf, SINGLE, type TestClient } from './clients.ts';

const KINDS = [
  [
    'one server',
    'redis',
    SINGLE,
    async () => {
      const server = await startRedis();
      return { nodes: [server], stop: () => server.stop() };
    },
  ],
  ['a cluster', 'redis-cluster', CLUSTER, startRedisCluster],
] as const;

describe.skipIf(lacksRedis()).each(KINDS)(
  'redisNonceStore on %s (needs redis-server)',
  (_, kind, connect, startServers) => {
    let servers: { readonly nodes: readonly RedisServer[]; stop(): Promise<void> };
    beforeAll(async () => {
      servers = await startServers();
    });
    afterAll(() => servers.stop());

    describe.each(['ioredis', 'redis'] as const)('through %s meets the nonce store contract', (library) => {
      let connection: TestClient;
      beforeAll(async () => {
        connection = await connect[library](portsOf(servers.nodes));
      });
      afterAll(() => connection.end());

      let stores = 0;
      const prefix = () => `${library}${stores}:`;
      // The test case sets both the store's clock and the clock of Redis.
      async function open(
        { tolerance, clockMargin, maxClaimsPerSecond, now }: NonceStoreSetup,
        afterLoss: 'fresh' | 'accept',
      ) {
        const options = {
          tolerance,
          clockMargin,
          maxClaimsPerSecond,
          now,
          prefix: prefix(),
          afterLoss,
          deadlineMs: 5000,
        };
        const store = redisNonceStore(atClock(connection.client, now), options);
        await store.open(now());
        return store;
      }
      const cases = nonceStoreContract({
        make(setup) {
          stores += 1;
          // The prefix is new, so no claim can be lost.
          return open(setup, 'accept');
        },
        dispose: (store) => store.close?.(),
        noCapacity: 'only the memory of Redis limits it',
        restart: (_, setup) => open(setup, 'fresh'),
        loseMemory(_, setup) {
          // A new prefix has the same effect as deleted keys.
          stores += 1;
          return open(setup, 'fresh');
        },
        race: (race) => raceThreeProcesses({ kind, ports: portsOf(servers.nodes), prefix: prefix() }, race),
      });
      for (const { name, run } of cases) test(name, run);
    });
  },
);
