/**
 * The same on real servers. A statement is done before the next goes out, so that the seed decides about everything; statements that
 * meet inside of a server are what the races of several processes are for. Purges raise the floor here, and delete after the run.
 */

import type { Address } from 'ajwt-testkit/databases';
import { now, Stores } from 'ajwt-testkit/server-stores';
import { lacksMariadb, MariadbServer } from 'ajwt-testkit/servers/mariadb';
import { lacksPostgres, PostgresServer } from 'ajwt-testkit/servers/postgres';
import { lacksRedis, startRedis } from 'ajwt-testkit/servers/redis';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, test } from 'vitest';
import { redisNonceStore } from '../../src/nonce-stores/redis/redis-nonce-store.ts';
import { sqlNonceStore } from '../../src/sql.ts';
import { checkInterleavings, type Shared } from './interleavings.ts';
import { scriptsOver, statementsOver } from './redis/wire.ts';

/** A server, and what stores on it share in one run. */
interface Started {
  make(): Promise<Shared>;
  stop(): Promise<void>;
}

const RUNS = 20;
/** Old tokens are welcome; and no server is so slow that it would decide in place of the seed. */
const OPTIONS = { afterLoss: 'accept', deadlineMs: 1000 } as const;

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
        join: (wire) => sqlNonceStore(statementsOver(wire, stores.database()), OPTIONS),
        end: () => stores.close(),
      };
    },
    stop: () => server.remove(),
  };
}

async function onRedis(): Promise<Started> {
  const server = await startRedis();
  const client = new Redis(server.port, '127.0.0.1');
  let runs = 0;
  return {
    async make() {
      const prefix = `run ${runs++}:`;
      return {
        async join(wire) {
          const store = redisNonceStore(scriptsOver(wire, client), { ...OPTIONS, prefix });
          await store.open(now());
          store.close();
          // Opening again visits all 1024 buckets: nothing new about the one that these tokens are in.
          return { ...store, open() {} };
        },
        end: async () => {},
      };
    },
    async stop() {
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
  describe.skipIf(lacks)(`a token is given once on ${name}`, () => {
    let server: Started;
    beforeAll(async () => {
      server = await start();
    });
    afterAll(() => server.stop());

    test.each([false, true])('in whatever order its calls are answered; where connections are lost: %s', (lost) =>
      checkInterleavings(
        { name, runs: RUNS, make: () => server.make() },
        { lostConnections: lost, anotherLife: false },
      ),
    );
  });
}
