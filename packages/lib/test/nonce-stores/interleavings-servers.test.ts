/**
 * Interleavings on real servers. The wire sends each statement after the previous one has ended, so the seed alone decides their order.
 * The races of several processes test statements that run at the same time. In this test, a purge raises the floor during the run, and
 * deletes records afterwards.
 */

import type { Address } from 'ajwt-testkit/databases';
import { now, Stores } from 'ajwt-testkit/server-stores';
import { lacksMariadb, MariadbServer } from 'ajwt-testkit/servers/mariadb';
import { lacksPostgres, PostgresServer } from 'ajwt-testkit/servers/postgres';
import { lacksRedis, startRedis } from 'ajwt-testkit/servers/redis';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, test, vi } from 'vitest';
import { type RedisNonceStore, redisNonceStore } from '../../src/nonce-stores/redis/redis-nonce-store.ts';
import { checkInterleavings, type Shared } from './interleavings.ts';
import { scriptsOver, statementsOver } from './redis/wire.ts';

/** A running server, and a function that makes its empty stores for one run. */
interface Started {
  make(): Promise<Shared>;
  stop(): Promise<void>;
}

const RUNS = 20;
/** The stores accept old tokens. The long deadline keeps a slow server from changing the outcome. */
const OPTIONS = { afterLoss: 'accept', deadlineMs: 5000 } as const;

async function onDatabase(
  kind: 'postgres' | 'mariadb',
  start: () => Promise<{ readonly connection: Omit<Address, 'kind'>; remove(): Promise<void> }>,
): Promise<Started> {
  const server = await start();
  const stores = new Stores();
  const address = { kind, ...server.connection };
  return {
    async make() {
      stores.server = { address } as Stores['server'];
      await stores.empty();
      return {
        join: (wire) => stores.make(OPTIONS, statementsOver(wire, stores.database())),
        end: () => stores.close(),
      };
    },
    stop: () => server.remove(),
  };
}

async function onRedis(): Promise<Started> {
  const server = await startRedis();
  const client = new Redis(server.port, '127.0.0.1');
  // Without its timer, a store visits buckets only when it opens, so the seed decides the order of all calls.
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  let runs = 0;
  return {
    async make() {
      const prefix = `run ${runs++}:`;
      const stores: RedisNonceStore[] = [];
      return {
        async join(wire) {
          const store = redisNonceStore(scriptsOver(wire, client), { ...OPTIONS, prefix });
          stores.push(store);
          await store.open(now());
          // Opening again would visit all 1024 buckets, but these tokens are all in one bucket.
          return { ...store, open() {} };
        },
        async end() {
          for (const store of stores) await store.close();
        },
      };
    },
    async stop() {
      vi.useRealTimers();
      client.disconnect();
      await server.stop();
    },
  };
}

const SERVERS = [
  ['PostgreSQL (needs postgresql)', lacksPostgres, () => onDatabase('postgres', PostgresServer.start)],
  ['MariaDB (needs mariadb-server)', lacksMariadb, () => onDatabase('mariadb', MariadbServer.start)],
  ['Redis (needs redis-server)', lacksRedis(), onRedis],
] as const;

for (const [name, lacks, start] of SERVERS) {
  describe.skipIf(lacks)(`a token is accepted once on ${name}`, () => {
    let server: Started;
    beforeAll(async () => {
      server = await start();
    });
    afterAll(() => server.stop());

    test.each([false, true])('if calls and replies arrive in any order (lost connections: %s)', (lost) =>
      checkInterleavings(
        { name, runs: RUNS, make: () => server.make() },
        { lostConnections: lost, anotherLife: false },
      ),
    );
  });
}
