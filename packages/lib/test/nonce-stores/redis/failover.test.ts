import { infoOf, lacksRedis, type RedisServer, startRedisWithSentinel, until } from 'ajwt-testkit/servers/redis';
import { Redis } from 'ioredis';
import { createSentinel } from 'redis';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import {
  type RedisClient,
  type RedisNonceStore,
  type RedisNonceStoreOptions,
  redisNonceStore,
} from '../../../src/nonce-stores/redis/redis-nonce-store.ts';
import { SINGLE, type TestClient } from './clients.ts';
import { claimAt, LIBRARIES, now, outcomeOf, serves } from './fixture.ts';

const SENTINEL: Readonly<Record<(typeof LIBRARIES)[number], (port: number) => Promise<TestClient>>> = {
  async ioredis(port) {
    const client = new Redis({
      sentinels: [{ host: '127.0.0.1', port }],
      name: 'nonces',
      retryStrategy: () => 50,
      sentinelRetryStrategy: () => 50,
    });
    client.on('error', () => {});
    return { client, end: () => client.disconnect() };
  },
  async redis(port) {
    const client = createSentinel({
      name: 'nonces',
      sentinelRootNodes: [{ host: '127.0.0.1', port }],
      scanInterval: 200,
    });
    client.on('error', () => {});
    await client.connect();
    return { client, end: () => client.destroy() };
  },
};

describe.skipIf(lacksRedis()).each(LIBRARIES)(
  'redisNonceStore with a replica, through %s (needs redis-server)',
  (library) => {
    let group: Awaited<ReturnType<typeof startRedisWithSentinel>>;
    const stores: RedisNonceStore[] = [];
    const connections: TestClient[] = [];
    beforeAll(async () => {
      group = await startRedisWithSentinel();
    });
    afterAll(() => group.stop());
    afterEach(async () => {
      for (const store of stores.splice(0)) await store.close();
      for (const { end } of connections.splice(0)) end();
    });

    async function serve(
      connecting: Promise<TestClient>,
      options: RedisNonceStoreOptions = {},
    ): Promise<RedisNonceStore> {
      const connection = await connecting;
      connections.push(connection);
      return serveOn(connection.client, options);
    }
    async function serveOn(client: RedisClient, options: RedisNonceStoreOptions): Promise<RedisNonceStore> {
      const store = redisNonceStore(client, { deadlineMs: 2000, ...options });
      stores.push(store);
      await store.open(now());
      await serves(store);
      return store;
    }
    async function masterAndReplica(): Promise<[master: RedisServer, replica: RedisServer]> {
      return until('there is one master, and its replica is in sync', async () => {
        const [, port] = (await group.sentinel.cli('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', 'nonces')).split('\n');
        const [one, two] = group.servers;
        const [master, replica] = Number(port) === one.port ? [one, two] : [two, one];
        const inStep =
          (await infoOf(master, 'slave0')).includes('state=online') &&
          (await infoOf(replica, 'master_link_status')) === 'up';
        return inStep ? ([master, replica] as [RedisServer, RedisServer]) : false;
      });
    }

    test('accepts no token twice when Redis fails over from A to B and back to A, not even a token whose claim B never received', async () => {
      const store = await serve(SENTINEL[library](group.sentinel.port));
      const [a, b] = await masterAndReplica();
      for (const [master, replica] of [
        [a, b],
        [b, a],
      ] as const) {
        const known = claimAt(Math.floor(now()), `known to ${replica.port}`);
        expect(await store.claim(known, now())).toBe('claimed');
        // Disconnects the replica, so that it misses a claim.
        const offset = () => infoOf(master, 'master_repl_offset');
        await until(
          'the replica has the claim',
          async () => (await offset()) === (await infoOf(replica, 'master_repl_offset')),
        );
        replica.freeze();
        await master.cli('CLIENT', 'KILL', 'TYPE', 'replica');
        const lost = claimAt(Math.floor(now()), `lost to ${replica.port}`);
        expect(await store.claim(lost, now())).toBe('claimed');
        master.freeze();
        replica.thaw();
        await until('the replica is promoted', async () => (await infoOf(replica, 'role')) === 'master');
        // The old master returns as a replica with the same run id, and loses the claim.
        master.thaw();
        await master.cli('REPLICAOF', '127.0.0.1', `${replica.port}`);
        await master.cli('CLIENT', 'KILL', 'TYPE', 'normal');
        for (const used of [known, lost]) {
          const outcome = await until('the store responds', async () => {
            const one = await outcomeOf(store.claim(used, now()));
            return one !== 'unavailable' && one;
          });
          expect(['forgotten', 'replayed'], used.nonce).toContain(outcome);
        }
        await serves(store);
        expect(await store.claim(claimAt(Math.floor(now()), 'new', `user ${replica.port}`), now())).toBe('claimed');
        await masterAndReplica();
      }
    });

    test('claims on a replica are unavailable', async () => {
      const [, replica] = await masterAndReplica();
      const connection = await SINGLE[library]([replica.port]);
      connections.push(connection);
      const store = redisNonceStore(connection.client);
      stores.push(store);
      await expect(store.claim(claimAt(now() + 2), now())).rejects.toThrow('READONLY');
    });

    test('with wait, accepts a claim once a replica has it, and is unavailable without a replica', async () => {
      const [master, replica] = await masterAndReplica();
      const options = { wait: { replicas: 1, timeoutMs: 300 } };
      const store = await serve(SINGLE[library]([master.port]), options);
      expect(await store.claim(claimAt(now() + 2, 'first'), now())).toBe('claimed');
      await master.cli('SCRIPT', 'FLUSH');
      const claim = claimAt(now() + 2, 'second');
      expect(await store.claim(claim, now())).toBe('claimed');
      expect(await store.claim(claim, now())).toBe('replayed');
      replica.freeze();
      const unreplicated = claimAt(now() + 2, 'third');
      await expect(store.claim(unreplicated, now())).rejects.toThrow('fewer replicas than wait.replicas');
      expect(await store.claim(unreplicated, now()), 'the nonce is used').toBe('replayed');
      replica.thaw();
    });
  },
);
