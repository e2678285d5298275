import { createHash } from 'node:crypto';
import { lacksRedis, type RedisServer, startRedisCluster, until } from 'ajwt-testkit/servers/redis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type RedisNonceStore, redisNonceStore } from '../../../src/nonce-stores/redis/redis-nonce-store.ts';
import { CLUSTER, portsOf, type TestClient } from './clients.ts';
import { claimAt, LIBRARIES, now, outcomeOf, serves } from './fixture.ts';

/** Returns the key of a user's bucket. */
function keyOf(username: string): string {
  return `ajwt:nonces:${createHash('sha256').update(username).digest().readUInt16BE() % 1024}`;
}

describe.skipIf(lacksRedis()).each(LIBRARIES)(
  'redisNonceStore on a cluster, through %s (needs redis-server)',
  (library) => {
    let cluster: Awaited<ReturnType<typeof startRedisCluster>>;
    let connection: TestClient;
    let store: RedisNonceStore;
    beforeAll(async () => {
      cluster = await startRedisCluster();
    });
    afterAll(() => cluster.stop());
    beforeEach(async () => {
      connection = await CLUSTER[library](portsOf(cluster.nodes));
      store = redisNonceStore(connection.client, { deadlineMs: 2000 });
      await until('the store opens', () => Promise.resolve(store.open(now())).then(() => true));
      await serves(store);
    });
    afterEach(async () => {
      await store.close();
      connection.end();
    });

    /** Finds the master that has a key, and the other masters. */
    async function holdersOf(key: string): Promise<{ master: RedisServer; others: RedisServer[] }> {
      const masters: RedisServer[] = [];
      let master: RedisServer | undefined;
      for (const node of cluster.nodes) {
        if (!(await node.cli('ROLE')).startsWith('master')) continue;
        masters.push(node);
        const has = await node.cli('EXISTS', key).catch(() => 'MOVED');
        if (has === '1') master = node;
      }
      if (master === undefined) throw new Error(`no master has ${key}`);
      return { master, others: masters.filter((node) => node !== master) };
    }

    test('while a slot migrates, no token is accepted twice, and claims succeed afterwards', async () => {
      const key = keyOf('alice');
      const { master: from, others } = await holdersOf(key);
      const to = others[0] as RedisServer;
      const slot = await from.cli('CLUSTER', 'KEYSLOT', key);
      const [fromId, toId] = [await from.cli('CLUSTER', 'MYID'), await to.cli('CLUSTER', 'MYID')];

      const claimed = new Map<number, number>();
      const outcomes = new Set<string>();
      let index = 0;
      let ended = false;
      const time = Math.floor(now());
      // Makes two concurrent claims of each nonce, and a third one later.
      async function claimOn(): Promise<void> {
        while (!ended) {
          const mine = index++;
          for (const nonce of [mine, mine, Math.max(0, mine - 40)]) {
            const tries = nonce === mine ? 2 : 1;
            const claims = Array.from({ length: tries }, () =>
              outcomeOf(store.claim(claimAt(time + 15, `${nonce}`), now())),
            );
            for (const outcome of await Promise.all(claims)) {
              outcomes.add(outcome);
              if (outcome === 'claimed') claimed.set(nonce, (claimed.get(nonce) ?? 0) + 1);
            }
          }
        }
      }
      const claiming = Promise.all([claimOn(), claimOn(), claimOn()]);
      const claimsSoFar = (count: number) => until(`${count} nonces are claimed`, async () => claimed.size >= count);
      await claimsSoFar(50);
      await to.cli('CLUSTER', 'SETSLOT', slot, 'IMPORTING', fromId);
      await from.cli('CLUSTER', 'SETSLOT', slot, 'MIGRATING', toId);
      await from.cli('MIGRATE', '127.0.0.1', `${to.port}`, key, '0', '5000');
      await claimsSoFar(claimed.size + 50);
      for (const node of [to, from]) await node.cli('CLUSTER', 'SETSLOT', slot, 'NODE', toId);
      await claimsSoFar(claimed.size + 50);
      ended = true;
      await claiming;
      expect(Math.max(...claimed.values())).toBe(1);
      expect([...outcomes].filter((outcome) => !['claimed', 'replayed', 'unavailable'].includes(outcome))).toEqual([]);
      expect((await holdersOf(key)).master).toBe(to);
      const unused = claimAt(Math.floor(now()) - 15, 'unused');
      expect(await store.claim(unused, now()), 'a token from before the move').toBe('forgotten');
    });

    test('after a master dies, no token is accepted twice, and new tokens of all users are accepted once the store is ready', async () => {
      const key = keyOf('alice');
      const { master } = await holdersOf(key);
      const used = claimAt(Math.floor(now()));
      expect(await store.claim(used, now())).toBe('claimed');
      await master.kill();
      await expect(store.claim(used, now())).rejects.toThrow();
      await until('a replica is promoted', async () => (await outcomeOf(store.claim(used, now()))) !== 'unavailable');
      expect(['replayed', 'forgotten']).toContain(await store.claim(used, now()));
      expect(await store.claim(claimAt(used.time, 'unused'), now())).toBe('forgotten');
      await until('the store is ready', async () => store.readiness(now()).ready);
      const time = Math.floor(now());
      for (let index = 0; index < 50; index++) {
        expect(await store.claim(claimAt(time, 'n', `user ${index}`), now())).toBe('claimed');
      }
      await master.start();
    });
  },
);
