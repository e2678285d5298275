import { ask } from 'ajwt-testkit/databases';
import { claimAt, giveOnce, now, outcomeOf } from 'ajwt-testkit/server-stores';
import { lacksPostgres, PostgresServer } from 'ajwt-testkit/servers/postgres';
import { describe, expect, test } from 'vitest';
import { serverSuite } from '../server-suite.ts';

const addressOf = (server: PostgresServer) => ({ kind: 'postgres' as const, ...server.connection });

describe.skipIf(lacksPostgres)('PostgreSQL (needs postgresql)', () => {
  // The least durable configuration; a claim must still survive a crash.
  const CARELESS = ['synchronous_commit = off', 'wal_writer_delay = 10s', 'wal_writer_flush_after = 0'];
  let server: PostgresServer;
  const stores = serverSuite(
    'PostgreSQL',
    'SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()',
    async () => {
      server = await PostgresServer.start(CARELESS);
      return {
        address: addressOf(server),
        crash: () => server.crash(),
        restart: () => server.restart(),
        remove: () => server.remove(),
      };
    },
  );

  test('a claim is durable even if synchronous_commit is off, and other statements keep that setting', async () => {
    const database = stores.database(undefined, 1);
    const store = await stores.store({}, database);
    await ask(database, 'CREATE TABLE other (nonce integer)');
    await ask(database, 'CHECKPOINT');
    const claim = claimAt();
    expect(await outcomeOf(store, claim)).toBe('claimed');
    await ask(database, 'INSERT INTO other VALUES (1)');
    expect(await ask(database, 'SHOW synchronous_commit')).toEqual([{ synchronous_commit: 'off' }]);
    expect(await ask(database, 'SHOW lock_timeout')).toEqual([{ lock_timeout: '0' }]);
    await server.crash();
    await server.restart();
    await expect.poll(() => store.readiness(now()), { timeout: 10_000 }).toEqual({ ready: true });
    expect(await ask(database, 'SELECT * FROM other'), 'rows of a table without durable commits').toEqual([]);
    expect(await outcomeOf(store, claim)).toBe('replayed');
    await ask(database, 'DROP TABLE other');
  });

  test('a store on a standby is unavailable; once the standby is promoted, the store accepts no earlier token', async () => {
    const store = await stores.store();
    const [used, unused] = [claimAt(Math.floor(now())), claimAt(Math.floor(now()))];
    expect(await outcomeOf(store, used)).toBe('claimed');
    const standby = await server.standby();
    try {
      const after = stores.make({}, stores.database(addressOf(standby)));
      expect(await outcomeOf(after, claimAt())).toMatch(/recovery|read-only/);
      await standby.promote();
      expect(await outcomeOf(after, used)).not.toBe('claimed');
      expect(await outcomeOf(after, unused)).toBe('forgotten');
      await expect.poll(() => after.readiness(now()), { timeout: 5000 }).toEqual({ ready: true });
      expect(await outcomeOf(after, claimAt(Math.floor(now())))).toBe('claimed');
    } finally {
      await stores.close();
      await standby.remove();
    }
  });

  test.each(['repeatable read', 'serializable'])(
    'accepts a nonce once if %s is the default isolation level',
    async (level) => {
      await ask(stores.database(), `ALTER DATABASE postgres SET default_transaction_isolation = '${level}'`);
      try {
        await giveOnce(stores);
      } finally {
        await ask(stores.database(), 'ALTER DATABASE postgres RESET default_transaction_isolation');
      }
    },
  );

  test.each([
    ['emptied', 'TRUNCATE ajwt_nonce'],
    [
      'restored from a dump',
      'ALTER TABLE ajwt_nonce RENAME TO gone; CREATE TABLE ajwt_nonce (LIKE gone INCLUDING ALL); DROP TABLE gone',
    ],
  ])('a store whose table was %s accepts no earlier token', async (_what, sql) => {
    const store = await stores.store();
    const claim = claimAt(Math.floor(now()));
    expect(await outcomeOf(store, claim)).toBe('claimed');
    await ask(stores.database(), sql);
    expect(await outcomeOf(store, claim)).toBe('forgotten');
  });

  test('an unlogged table is refused', async () => {
    await stores.store();
    await ask(stores.database(), 'ALTER TABLE ajwt_nonce SET UNLOGGED');
    await expect(stores.make().open(now())).rejects.toThrow('ajwt_nonce is not logged');
  });

  test('a role without permission to create tables uses existing tables', async () => {
    await stores.store();
    const database = stores.database();
    await ask(database, 'DO $$ BEGIN CREATE ROLE plain LOGIN; EXCEPTION WHEN duplicate_object THEN END $$');
    await ask(database, 'GRANT SELECT, INSERT, UPDATE, DELETE ON ajwt_epoch, ajwt_nonce TO plain');
    const store = await stores.store({}, stores.database({ ...addressOf(server), user: 'plain' }));
    expect(await outcomeOf(store, claimAt())).toBe('claimed');
  });

  test.each([
    [{ incarnation: 'mine' }, 'option incarnation: is for SQLite'],
    [{ clockMargin: 3 }, 'option clockMargin: must be a number of seconds from 4'],
  ])('refuses %o', (options, message) => {
    expect(() => stores.make(options)).toThrow(message);
  });
});
