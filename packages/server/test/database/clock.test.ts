/** The clock of the nonce store, which a metric compares with this machine's clock. */
import { scratch } from 'ajwt-testkit/ajwtd';
import { lacksMariadb, MariadbServer } from 'ajwt-testkit/servers/mariadb';
import { lacksPostgres, PostgresServer } from 'ajwt-testkit/servers/postgres';
import { lacksRedis, startRedis } from 'ajwt-testkit/servers/redis';
import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import { readDatabase } from '../../src/database/config.ts';
import { openDatabase } from '../../src/database/open.ts';
import { clockSkew } from '../../src/metrics/regularly.ts';
import { readNonces } from '../../src/nonces/config.ts';
import { createNonceStore } from '../../src/nonces/store.ts';

const file = scratch();
const log = pino({ enabled: false });

/** Opens the stores, and returns the skew of the nonce store's clock. */
async function skewOf(databaseUrl: string, nonces = 'database'): Promise<number | undefined> {
  const database = await openDatabase(readDatabase(databaseUrl, '--database'), 'server');
  const { store, clock } = await createNonceStore(
    { nonces: readNonces(nonces, '--nonces'), tolerance: 20 },
    database,
    log,
  );
  try {
    return clock === undefined ? undefined : await clockSkew(clock)();
  } finally {
    await store.close?.();
    await database.close();
  }
}

/** The servers run on this machine, so their clocks are the same, but never equal to the microsecond. */
function expectSmall(skew: number | undefined): void {
  expect(skew).not.toBe(0);
  expect(Math.abs(skew as number)).toBeLessThan(1);
}

test('SQLite and memory use the clock of this machine', async () => {
  expect(await skewOf(`sqlite:${file('clock.db')}`)).toBeUndefined();
  expect(await skewOf(`sqlite:${file('clock.db')}`, 'memory')).toBeUndefined();
});

describe.skipIf(lacksPostgres)('of PostgreSQL (needs postgresql)', () => {
  test('is read in UTC', async () => {
    const server = await PostgresServer.start();
    const options = encodeURIComponent('-c timezone=Asia/Kolkata');
    expectSmall(await skewOf(`postgres://postgres@127.0.0.1:${server.port}/postgres?options=${options}`));
    await server.remove();
  });
});

describe.skipIf(lacksMariadb)('of MariaDB (needs mariadb-server)', () => {
  test('is read in UTC', async () => {
    const server = await MariadbServer.start(['--default-time-zone=+05:30']);
    expectSmall(await skewOf(`mysql://test@127.0.0.1:${server.port}/test`));
    await server.remove();
  });
});

describe.skipIf(lacksRedis())('of Redis (needs redis-server)', () => {
  test('is read', async () => {
    const server = await startRedis();
    expectSmall(await skewOf(`sqlite:${file('clock.db')}`, `redis://127.0.0.1:${server.port}`));
    await server.stop();
  });
});
