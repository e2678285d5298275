/** `ajwtd doctor` with PostgreSQL, MariaDB and Redis. */
import { ajwtd, scratch } from 'ajwt-testkit/ajwtd';
import { lacksMariadb, MariadbServer } from 'ajwt-testkit/servers/mariadb';
import { lacksPostgres, PostgresServer } from 'ajwt-testkit/servers/postgres';
import { lacksRedis, type RedisServer, startRedis, startRedisCluster } from 'ajwt-testkit/servers/redis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Check, Finding } from '../../src/operations/doctor/finding.ts';
import { examineInfo } from '../../src/operations/doctor/redis.ts';

const file = scratch();

/** Runs `doctor`, and returns its findings of some checks. */
async function examine(args: readonly string[], ...checks: readonly Check[]): Promise<readonly Finding[]> {
  const { stdout, stderr } = await ajwtd(['doctor', '--json', '--admin-listen', 'off', ...args]);
  expect(stderr).toBe('');
  return (JSON.parse(stdout) as Finding[]).filter(({ check }) => checks.includes(check));
}

const alarms = (findings: readonly Finding[]) =>
  findings.filter(({ level }) => level === 'warning' || level === 'problem').map(({ what }) => what);

describe.skipIf(lacksPostgres)('PostgreSQL', () => {
  let server: PostgresServer;
  let args: readonly string[];
  beforeAll(async () => {
    server = await PostgresServer.start();
    args = ['--database', `postgres://postgres@127.0.0.1:${server.port}/postgres`];
  }, 60_000);
  afterAll(() => server.remove());

  test('a new database gets no tables, and one with tables is fit', async () => {
    expect(await examine(args, 'database')).toMatchObject([
      { level: 'ok', what: expect.stringMatching(/postgres responds \(PostgreSQL \d+/) },
      { level: 'hint', what: expect.stringContaining('has no tables of users and keys') },
    ]);
    expect(await server.query("SELECT 1 FROM pg_tables WHERE schemaname = 'public'")).toEqual([]);
    await ajwtd(['user', 'add', 'guido', ...args]);
    const findings = await examine(args, 'database', 'nonces', 'clock', 'keys');
    expect(alarms(findings)).toEqual([]);
    expect(findings).toContainEqual(
      expect.objectContaining({
        check: 'clock',
        level: 'ok',
        what: expect.stringMatching(/^the database's clock is 0\.\d s/),
      }),
    );
  });

  test('an unlogged table, settings that lose commits, and a standby are problems', async () => {
    await server.query('CREATE UNLOGGED TABLE ajwt_nonce (time float8, key bytea)');
    expect(alarms(await examine(args, 'nonces'))).toEqual(['the table ajwt_nonce is not logged: a crash empties it']);
    await server.query('DROP TABLE ajwt_nonce');
    const standby = await server.standby();
    try {
      const there = ['--database', `postgres://postgres@127.0.0.1:${standby.port}/postgres`];
      expect(alarms(await examine(there, 'database'))).toEqual([
        expect.stringContaining('is a replica, or is read-only'),
      ]);
      await expect.poll(async () => (await server.query('SELECT 1 FROM pg_stat_replication')).length).toBe(1);
      expect(await examine(args, 'nonces')).toContainEqual(
        expect.objectContaining({ level: 'hint', what: expect.stringContaining('replication is asynchronous') }),
      );
    } finally {
      await standby.remove();
    }
    server.configure('fsync = off');
    await server.restart();
    expect(alarms(await examine(args, 'nonces'))).toEqual([expect.stringContaining('PostgreSQL has fsync = off')]);
  });
});

describe.skipIf(lacksMariadb)('MariaDB', () => {
  let server: MariadbServer;
  beforeAll(async () => {
    server = await MariadbServer.start();
  }, 60_000);
  afterAll(() => server.remove());

  test('a fit database has no alarm; settings that lose commits are problems', async () => {
    const args = ['--database', `mariadb://test@127.0.0.1:${server.port}/test`];
    expect(await examine(args, 'database')).toMatchObject([
      { level: 'ok', what: expect.stringMatching(/test responds \(\d+\.\d+.*MariaDB/) },
      { level: 'hint', what: expect.stringContaining('has no tables of users and keys') },
    ]);
    expect(await server.query("SELECT table_name FROM information_schema.tables WHERE table_schema = 'test'")).toEqual(
      [],
    );
    await ajwtd(['user', 'add', 'guido', ...args]);
    const findings = await examine(args, 'database', 'nonces', 'clock', 'keys');
    expect(alarms(findings)).toEqual([]);
    expect(findings.map(({ check }) => check)).toContain('clock');
    await server.query('SET GLOBAL innodb_flush_log_at_trx_commit = 2');
    await server.query('SET GLOBAL read_only = 1');
    expect(alarms(await examine(args, 'database', 'nonces'))).toEqual([
      expect.stringContaining('is a replica, or is read-only'),
      expect.stringContaining('innodb_flush_log_at_trx_commit is not 1'),
    ]);
  });
});

describe.skipIf(lacksRedis())('Redis', () => {
  const database = ['--database', `sqlite:${file('ajwt.db')}`];
  let server: RedisServer;
  beforeAll(async () => {
    await ajwtd(['user', 'add', 'guido', ...database]);
    server = await startRedis('--maxmemory', '100mb');
  });
  afterAll(() => server.stop());
  const here = () => [...database, '--nonces', `redis://127.0.0.1:${server.port}`];

  test('a fit server has no alarm, its clock is compared, and no key is written', async () => {
    const findings = await examine(here(), 'nonces', 'clock');
    expect(alarms(findings)).toEqual([]);
    expect(findings).toContainEqual(
      expect.objectContaining({
        level: 'hint',
        what: expect.stringContaining('no append-only file'),
      }),
    );
    expect(findings).toContainEqual(
      expect.objectContaining({
        check: 'clock',
        level: 'ok',
        what: expect.stringMatching(/^Redis's clock is 0\.\d s/),
      }),
    );
    expect(await server.cli('DBSIZE')).toBe('0');
  });

  test('a server that evicts keys or is a replica is a problem, and a full one a warning', async () => {
    await server.cli('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru');
    await server.cli('CONFIG', 'SET', 'maxmemory', '1');
    expect(alarms(await examine(here(), 'nonces'))).toEqual([
      'Redis may delete nonces (maxmemory-policy allkeys-lru), so ajwtd does not use it',
      expect.stringMatching(/^Redis uses \d+ % of its maxmemory/),
    ]);
    const replica = await startRedis('--replicaof', '127.0.0.1', `${server.port}`);
    const args = [...database, '--nonces', `redis://127.0.0.1:${replica.port}`];
    expect(alarms(await examine(args, 'nonces'))).toEqual(['Redis is a replica: no nonce can be stored']);
    await replica.stop();
  });

  test('every master of a cluster is examined', async () => {
    const cluster = await startRedisCluster();
    const [first, second] = cluster.nodes as [RedisServer, RedisServer];
    await second.cli('CONFIG', 'SET', 'maxmemory-policy', 'volatile-ttl');
    const args = [...database, '--nonces', `redis+cluster://127.0.0.1:${first.port}`];
    const findings = await examine(args, 'nonces', 'clock');
    await cluster.stop();
    expect(alarms(findings)).toEqual([
      `Redis 127.0.0.1:${second.port} may delete nonces (maxmemory-policy volatile-ttl), so ajwtd does not use it`,
    ]);
    expect(findings.filter(({ check }) => check === 'clock')).toHaveLength(3);
  });

  test('an old version is a problem', () => {
    const info =
      'redis_version:6.2.14\r\nrole:master\r\nmaxmemory_policy:noeviction\r\nused_memory:1\r\nmaxmemory:100\r\n';
    expect(alarms(examineInfo('Redis', info))).toEqual(['Redis has version 6.2.14']);
  });
});
