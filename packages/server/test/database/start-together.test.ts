/** Servers that start at the same time on one empty database. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { lacksMariadb, MariadbServer } from 'ajwt-testkit/servers/mariadb';
import { lacksPgBouncer, PgBouncer } from 'ajwt-testkit/servers/pgbouncer';
import { lacksPostgres, PostgresServer } from 'ajwt-testkit/servers/postgres';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Start, Started } from './starter.ts';

const STARTER = fileURLToPath(new URL('starter.ts', import.meta.url));
const PROCESSES = 3;
/**
 * The number of starts in each process, and the number of rounds, each with a new database. Without a lock, even a single round nearly
 * always fails.
 */
const TIMES = 3;
const ROUNDS = 2;

let starters: ChildProcess[] = [];
beforeAll(async () => {
  starters = Array.from({ length: PROCESSES }, () => fork(STARTER, { execArgv: ['--conditions=source'] }));
  await Promise.all(starters.map((starter) => once(starter, 'message')));
});
afterAll(() => {
  for (const starter of starters) starter.kill();
});

async function startEverywhere(url: string): Promise<Started> {
  const start: Start = { url, times: TIMES };
  const answers = starters.map(async (starter) => {
    const answer = once(starter, 'message') as Promise<[Started]>;
    starter.send(start);
    return (await answer)[0];
  });
  return (await Promise.all(answers)).flat();
}

/** Expects that exactly one server creates the tables, and that all of them start. */
async function expectAllUp(url: string): Promise<void> {
  const started = await startEverywhere(url);
  expect([...started].sort()).toEqual([...Array(PROCESSES * TIMES - 1).fill(false), true]);
}

test('all servers start on one SQLite file', { timeout: 60_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'ajwt-start-'));
  try {
    for (let round = 0; round < ROUNDS; round++) await expectAllUp(`sqlite:${join(folder, `${round}.db`)}`);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

describe.skipIf(lacksPostgres)('all servers start on one PostgreSQL database (needs postgresql)', () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await PostgresServer.start(['max_connections = 100', 'fsync = off']);
  });
  afterAll(() => server?.remove());

  test.each(['read committed', 'repeatable read'])(
    'if %s is the default isolation level',
    { timeout: 60_000 },
    async (level) => {
      await server.query(`ALTER ROLE postgres SET default_transaction_isolation = '${level}'`);
      for (let round = 0; round < ROUNDS; round++) {
        const name = `${level.replace(' ', '_')}_${round}`;
        await server.query(`CREATE DATABASE ${name}`);
        await expectAllUp(`postgres://postgres@127.0.0.1:${server.port}/${name}`);
      }
    },
  );

  test.skipIf(lacksPgBouncer)('behind PgBouncer in transaction mode (needs pgbouncer)', async () => {
    const bouncer = await PgBouncer.start(server.port, 'transaction');
    try {
      await server.query('CREATE DATABASE pooled');
      await expectAllUp(`postgres://postgres@127.0.0.1:${bouncer.port}/pooled`);
    } finally {
      await bouncer.remove();
    }
  });
});

describe.skipIf(lacksMariadb)('all servers start on one MariaDB database (needs mariadb-server)', () => {
  let server: MariadbServer;
  beforeAll(async () => {
    server = await MariadbServer.start();
  });
  afterAll(() => server?.remove());

  test('with the default settings', { timeout: 60_000 }, async () => {
    for (let round = 0; round < ROUNDS; round++) {
      await server.query(`CREATE DATABASE round_${round}`);
      await expectAllUp(`mariadb://root@127.0.0.1:${server.port}/round_${round}`);
    }
  });
});
