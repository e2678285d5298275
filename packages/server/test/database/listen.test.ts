/** PostgreSQL notifies servers of changes, so that changes take effect before cached users expire. */

import { openDatabase } from 'ajwt-testkit/databases';
import { lacksPgBouncer, PgBouncer } from 'ajwt-testkit/servers/pgbouncer';
import { lacksPostgres, PostgresServer } from 'ajwt-testkit/servers/postgres';
import { cachedKeyStore, PrivateKey } from 'asymmetric-jwt-auth';
import { type Directory, sqlDirectory } from 'asymmetric-jwt-auth/sql';
import type { Kysely } from 'kysely';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { readDatabase, type ServerConfig } from '../../src/database/config.ts';
import { type ListenTimes, listenForChanges } from '../../src/database/listen.ts';

const PATIENT = { timeout: 30_000 };

describe.skipIf(lacksPostgres)('a change by another process (needs postgresql)', () => {
  let server: PostgresServer;
  let database: Kysely<unknown>;
  let elsewhere: Directory;
  const ends: (() => Promise<void>)[] = [];
  beforeAll(async () => {
    server = await PostgresServer.start();
    database = openDatabase({ kind: 'postgres', ...server.connection });
    elsewhere = sqlDirectory(database);
    await elsewhere.migrate();
    await elsewhere.addKey('guido', (await PrivateKey.generate()).publicKey, { createUser: true });
  });
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
  });
  afterAll(async () => {
    await database?.destroy();
    await server?.remove();
  });

  /** Makes a store that caches users for an hour and listens for changes on the given port. */
  function listenAt(port: number, times?: ListenTimes) {
    const store = cachedKeyStore(sqlDirectory(database), { ttlSeconds: 3600 });
    const said: string[] = [];
    const log = pino({}, { write: (line: string) => said.push(JSON.parse(line).msg) });
    const config = readDatabase(`postgres://postgres@127.0.0.1:${port}/postgres`) as ServerConfig;
    let count = 0;
    const changed = () => {
      count += 1;
      store.forget();
    };
    const stop = listenForChanges(config, changed, log, times);
    ends.push(stop);
    const isDisabled = async () => (await store.find('guido', { kid: undefined, alg: 'EdDSA' }))?.disabled;
    /** Returns the listening connections that PostgreSQL lists. */
    const listeners = () =>
      server.query("SELECT pid FROM pg_stat_activity WHERE application_name = 'ajwtd' AND query = 'SELECT 1'");
    return { said, isDisabled, listeners, stop, changes: () => count };
  }

  /** Expects that each of several changes takes effect although the user is cached. */
  async function expectChangesAtOnce(isDisabled: () => Promise<boolean | undefined>): Promise<void> {
    for (const disabled of [true, false, true, false]) {
      await elsewhere.setDisabled('guido', disabled);
      await vi.waitUntil(async () => (await isDisabled()) === disabled, PATIENT);
    }
  }

  test('takes effect at once although users are cached for an hour, even after the connection was lost', async () => {
    const { said, isDisabled, listeners, stop } = listenAt(server.port);
    await vi.waitUntil(async () => (await listeners()).length === 1, PATIENT);
    await expectChangesAtOnce(isDisabled);

    // A change while the connection is lost takes effect too.
    await server.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'ajwtd'");
    await vi.waitUntil(() => said.length === 1, PATIENT);
    expect(said[0]).toBe(
      'PostgreSQL notifications do not arrive: changes of users and keys take effect within a second',
    );
    await elsewhere.setDisabled('guido', true);
    await vi.waitUntil(isDisabled, PATIENT);
    await vi.waitUntil(() => said.length === 2, PATIENT);
    expect(said[1]).toBe('PostgreSQL notifications arrive again: changes of users and keys take effect at once');
    await expectChangesAtOnce(isDisabled);
    await stop();
    expect(said).toHaveLength(2);
  });

  describe.skipIf(lacksPgBouncer)('behind PgBouncer (needs pgbouncer)', () => {
    test('takes effect at once if PgBouncer pools sessions', async () => {
      const bouncer = await PgBouncer.start(server.port, 'session');
      ends.push(() => bouncer.remove());
      const { said, isDisabled, listeners } = listenAt(bouncer.port);
      await vi.waitUntil(async () => (await listeners()).length === 1, PATIENT);
      await expectChangesAtOnce(isDisabled);
      expect(said).toEqual([]);
    });

    test('is not notified if PgBouncer pools transactions; the log reports this once, and reports once that notifications arrive again', async () => {
      const transactions = await PgBouncer.start(server.port, 'transaction');
      ends.push(() => transactions.remove());
      const { said, isDisabled, changes } = listenAt(transactions.port, { retryMs: 50, echoMs: 1000, silenceMs: 50 });
      await vi.waitUntil(() => said.length === 1, PATIENT);
      expect(said[0]).toMatch(
        /^PostgreSQL notifications do not arrive, as behind PgBouncer in transaction mode: .*within a second/,
      );
      // Later attempts are not logged.
      const before = changes();
      await vi.waitUntil(() => changes() > before + 3, PATIENT);
      expect(said).toHaveLength(1);

      await transactions.remove();
      const sessions = await PgBouncer.start(server.port, 'session', transactions.port);
      ends.push(() => sessions.remove());
      await vi.waitUntil(() => said.at(-1)?.includes('arrive again'), PATIENT);
      await expectChangesAtOnce(isDisabled);
    });
  });
});
