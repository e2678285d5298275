import { ask } from 'ajwt-testkit/databases';
import { claimAt, giveOnce, now, outcomeOf } from 'ajwt-testkit/server-stores';
import { lacksMariadb, MariadbServer } from 'ajwt-testkit/servers/mariadb';
import { describe, expect, test } from 'vitest';
import type { SqlDatabase } from '../../../src/sql.ts';
import { serverSuite } from '../server-suite.ts';

// At this isolation level, unlike the default one, MariaDB adds no locks, so the store must lock rows itself.
const WEAK = ['--transaction-isolation=READ-COMMITTED'];
const OPTIONS = ['--log-bin', '--sync-binlog=1', '--server-id=1', ...WEAK];

const DEADLOCKS =
  "SELECT variable_value AS deadlocks FROM information_schema.global_status WHERE variable_name = 'Innodb_deadlocks'";

describe.skipIf(lacksMariadb)('MariaDB (needs mariadb-server)', () => {
  let server: MariadbServer;
  const stores = serverSuite('MariaDB', DEADLOCKS, async () => {
    server = await MariadbServer.start(OPTIONS);
    return {
      address: { kind: 'mariadb', ...server.connection },
      crash: () => server.crash(),
      restart: () => server.restart(OPTIONS),
      remove: () => server.remove(),
    };
  });

  test('a server whose commits are not durable is refused, both when the store opens and while it is open', async () => {
    const store = await stores.store();
    await server.query('SET GLOBAL innodb_flush_log_at_trx_commit = 2');
    try {
      await expect(stores.make().open(now())).rejects.toThrow('innodb_flush_log_at_trx_commit must be 1');
      await expect.poll(() => store.readiness(now()), { timeout: 5000 }).toMatchObject({ ready: false });
      expect(await outcomeOf(store, claimAt())).toContain('innodb_flush_log_at_trx_commit');
    } finally {
      await server.query('SET GLOBAL innodb_flush_log_at_trx_commit = 1');
    }
    await expect.poll(() => store.readiness(now()), { timeout: 5000 }).toEqual({ ready: true });
  });

  test('a server whose binary log is not durable is refused', async () => {
    await server.query('SET GLOBAL sync_binlog = 0');
    try {
      await expect(stores.make().open(now())).rejects.toThrow('sync_binlog must be 1');
    } finally {
      await server.query('SET GLOBAL sync_binlog = 1');
    }
    expect(await outcomeOf(await stores.store(), claimAt())).toBe('claimed');
  });

  test('a store on a replica is unavailable; once the replica is promoted, the store accepts no earlier token', async () => {
    const replica = await server.replica(['--server-id=2', '--log-bin', '--sync-binlog=1']);
    try {
      const store = await stores.store();
      const [used, unused] = [claimAt(Math.floor(now())), claimAt(Math.floor(now()))];
      expect(await outcomeOf(store, used)).toBe('claimed');
      const there = stores.database({ kind: 'mariadb', ...replica.connection });
      await expect.poll(() => ask(there, 'SELECT time FROM ajwt_nonce').catch(() => [])).toHaveLength(1);
      expect(await ask(there, 'SELECT life FROM ajwt_life'), 'rows of the MEMORY table on the replica').toHaveLength(1);
      const after = stores.make({}, there);
      expect(await outcomeOf(after, claimAt())).toMatch(/read-only/);
      await replica.promote();
      await expect.poll(() => after.readiness(now()), { timeout: 5000 }).toEqual({ ready: true });
      expect(await outcomeOf(after, used)).toBe('replayed');
      expect(await outcomeOf(after, unused)).toBe('forgotten');
      expect(await outcomeOf(after, claimAt(Math.floor(now())))).toBe('claimed');
    } finally {
      await stores.close();
      await replica.remove();
    }
  });

  test.each(['REPEATABLE READ', 'SERIALIZABLE'])(
    'accepts a nonce once if %s is the default isolation level',
    async (level) => {
      await server.query(`SET GLOBAL TRANSACTION ISOLATION LEVEL ${level}`);
      try {
        await giveOnce(stores);
      } finally {
        await server.query('SET GLOBAL TRANSACTION ISOLATION LEVEL READ COMMITTED');
      }
    },
  );

  test('claims each nonce with a separate statement on a server without RETURNING, such as MySQL', async () => {
    const database = stores.database();
    const inserts: string[] = [];
    const likeMysql: SqlDatabase = {
      isTransaction: false,
      getExecutor: () => database.getExecutor(),
      async executeQuery(query) {
        if (query.sql.includes('INSERT IGNORE INTO ajwt_nonce')) inserts.push(query.sql);
        const result = await database.executeQuery(query);
        return query.sql.includes('possible') ? { ...result, rows: [{ possible: 0 }] } : result;
      },
    };
    const store = await stores.store({ deadlineMs: 5000 }, likeMysql);
    const [one, other] = [claimAt(), claimAt()];
    const outcomes = await Promise.all([one, other, one].map((claim) => outcomeOf(store, claim)));
    expect(outcomes.sort()).toEqual(['claimed', 'claimed', 'replayed']);
    expect(inserts).toHaveLength(3);
    expect(inserts.join()).not.toContain('RETURNING');
  });

  test('a table with another engine is refused', async () => {
    await stores.store();
    await ask(stores.database(), 'ALTER TABLE ajwt_nonce ENGINE = Aria');
    await expect(stores.make().open(now())).rejects.toThrow('ajwt_nonce must have the engine InnoDB');
  });

  test('claims nothing in a session without autocommit, or on a read-only server', async () => {
    const database = stores.database(undefined, 1);
    const store = await stores.store({}, database);
    await ask(database, 'SET autocommit = 0');
    expect(await outcomeOf(store, claimAt())).toContain('left in a transaction');
    await ask(database, 'SET autocommit = 1');
    await server.query('SET GLOBAL read_only = 1');
    try {
      expect(await outcomeOf(store, claimAt())).toMatch(/read-only/);
    } finally {
      await server.query('SET GLOBAL read_only = 0');
    }
    await expect.poll(() => outcomeOf(store, claimAt())).toBe('claimed');
  });

  test('a dump that is restored after a restart, including the MEMORY table, accepts no earlier token', async () => {
    const store = await stores.store();
    const claim = claimAt(Math.floor(now()));
    expect(await outcomeOf(store, claim)).toBe('claimed');
    await stores.close();
    // The restored row has the start time of an earlier server process.
    await ask(stores.database(), 'UPDATE ajwt_life SET started = started - 1000');
    await ask(stores.database(), 'DELETE FROM ajwt_nonce');
    expect(await outcomeOf(stores.make(), claim)).toBe('forgotten');
  });

  test('the timeouts of a claim do not affect later statements of the session', async () => {
    const database = stores.database(undefined, 1);
    expect(await outcomeOf(await stores.store({}, database), claimAt())).toBe('claimed');
    const [row] = await ask(database, 'SELECT @@max_statement_time AS statement, @@innodb_lock_wait_timeout AS wait');
    expect(row).toEqual({ statement: 0, wait: 50 });
  });
});
