/** Compares claims in shared stores with the bare call that a minimal store would send to the same server. */
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MariadbServer } from 'ajwt-testkit/servers/mariadb';
import { PostgresServer } from 'ajwt-testkit/servers/postgres';
import { infoOf, startRedis, startRedisCluster } from 'ajwt-testkit/servers/redis';
import type { NonceStore } from 'asymmetric-jwt-auth';
import { redisNonceStore } from 'asymmetric-jwt-auth/redis';
import { nodeSqliteDialect, sqlNonceStore } from 'asymmetric-jwt-auth/sql';
import { Cluster, Redis } from 'ioredis';
import { CompiledQuery, type Dialect, Kysely, MysqlDialect, PostgresDialect } from 'kysely';
import mysql from 'mysql2';
import pg from 'pg';
import { compare } from './pairs.ts';

const CLAIMS = 2000;
const ROUNDS = 2;
const CONNECTIONS = 16;
/** Number of nonces in a store when its size is measured. */
const HELD = 20_000;
/** With 64 callers, the bare calls wait for connections, as they would in an application. */
const CALLERS = [1, CONNECTIONS, 64] as const;
const OPTIONS = { maxClaimsPerSecond: 1_000_000, deadlineMs: 5000 };
const host = '127.0.0.1';

/** The minimal store, or the store of the library. */
type Side = 'bare' | 'store';

interface Contestant {
  readonly store: NonceStore;
  /** Records a nonce as a minimal store would. @returns whether it was new */
  bare(time: number, nonce: string): Promise<boolean>;
  /** Returns the bytes that the nonces of one store take on the server. */
  weigh(side: Side): Promise<number>;
  stop(): Promise<void>;
}

/** Results for a store. */
export interface SharedNonceRow {
  readonly name: string;
  readonly callers: number;
  /** Microseconds for one claim. */
  readonly micros: Readonly<Record<Side, number>>;
  readonly ratio: number;
  /** Bytes of a stored nonce. */
  readonly bytes: Readonly<Record<Side, number>>;
}

const CONTESTANTS: Readonly<Record<string, () => Promise<Contestant>>> = {
  async 'SQLite, write-ahead log; bare INSERT'() {
    const folder = await mkdtemp(join(tmpdir(), 'ajwt-bench-'));
    const file = join(folder, 'nonces.db');
    return inDatabase({
      dialect: nodeSqliteDialect(file),
      insert: 'INSERT INTO bare (time, id) VALUES (?, ?) ON CONFLICT DO NOTHING',
      async weigh(_, execute) {
        await execute('PRAGMA wal_checkpoint(TRUNCATE)');
        return (await stat(file)).size;
      },
      stop: () => rm(folder, { recursive: true }),
    });
  },
  async 'PostgreSQL; bare INSERT'() {
    const server = await PostgresServer.start();
    return inDatabase({
      dialect: new PostgresDialect({ pool: new pg.Pool({ ...server.connection, max: CONNECTIONS }) }),
      insert: 'INSERT INTO bare (time, id) VALUES ($1, $2) ON CONFLICT DO NOTHING',
      weigh: async (table) =>
        Number((await server.query(`SELECT pg_total_relation_size('${table}') AS bytes`))[0]?.bytes),
      stop: () => server.remove(),
    });
  },
  async 'MariaDB; bare INSERT'() {
    const server = await MariadbServer.start();
    const pool = mysql.createPool({ ...server.connection, connectionLimit: CONNECTIONS });
    return inDatabase({
      dialect: new MysqlDialect({ pool: pool as never }),
      insert: 'INSERT IGNORE INTO bare (time, id) VALUES (?, ?)',
      async weigh(table) {
        await server.query(`ANALYZE TABLE test.${table}`);
        const sizes = `SELECT data_length + index_length AS bytes FROM information_schema.tables WHERE table_name = '${table}'`;
        return Number((await server.query(sizes))[0]?.bytes);
      },
      stop: () => server.remove(),
    });
  },
  async 'Redis; bare SET NX'() {
    const server = await startRedis();
    const client = new Redis(server.port, host);
    const weigh = async () => Number(await infoOf(server, 'used_memory'));
    return inRedis(client, weigh, () => server.stop());
  },
  async 'Redis Cluster of 3 + 3; bare SET NX'() {
    const { nodes, stop } = await startRedisCluster();
    const client = new Cluster(nodes.map(({ port }) => ({ host, port })));
    const masters = nodes.slice(0, 3);
    const weigh = async () =>
      (await Promise.all(masters.map((master) => infoOf(master, 'used_memory')))).reduce(
        (sum, one) => sum + Number(one),
        0,
      );
    return inRedis(client, weigh, stop);
  },
};

interface DatabaseParts {
  readonly dialect: Dialect;
  readonly insert: string;
  weigh(table: 'bare' | 'ajwt_nonce', execute: (sql: string) => Promise<unknown>): Promise<number>;
  stop(): Promise<void>;
}

async function inDatabase({ dialect, insert, weigh, stop }: DatabaseParts): Promise<Contestant> {
  const database = new Kysely<unknown>({ dialect });
  const execute = (sql: string, values: unknown[] = []) => database.executeQuery(CompiledQuery.raw(sql, values));
  await execute('CREATE TABLE bare (time DOUBLE PRECISION NOT NULL, id VARCHAR(36) NOT NULL, PRIMARY KEY (time, id))');
  return {
    store: sqlNonceStore(database, OPTIONS),
    bare: async (time, nonce) => (await execute(insert, [time, nonce])).numAffectedRows === 1n,
    weigh: (side) => weigh(side === 'bare' ? 'bare' : 'ajwt_nonce', execute),
    async stop() {
      await database.destroy();
      await stop();
    },
  };
}

/** Seconds after which Redis drops the nonces of the minimal store. */
const LIFETIME = 60;

async function inRedis(
  client: Redis | Cluster,
  weigh: () => Promise<number>,
  stop: () => Promise<void>,
): Promise<Contestant> {
  const store = redisNonceStore(client, OPTIONS);
  return {
    store,
    bare: async (time, nonce) => (await client.set(`alice:${time}:${nonce}`, '', 'EX', LIFETIME, 'NX')) === 'OK',
    weigh,
    async stop() {
      store.close();
      client.disconnect();
      await stop();
    },
  };
}

const now = () => Date.now() / 1000;
/** Returns a time ahead of now, so that a new store does not refuse the nonces as forgotten. */
const time = () => Math.floor(now()) + 5;

/**
 * Measures stores.
 *
 * @param onProgress - called with the name of each store before it is measured
 * @param wanted - beginnings of names; measures all stores if there are none
 */
export async function benchSharedNonces(
  onProgress: (what: string) => void,
  wanted: readonly string[] = [],
): Promise<SharedNonceRow[]> {
  const rows: SharedNonceRow[] = [];
  for (const [name, start] of Object.entries(CONTESTANTS)) {
    if (wanted.length > 0 && !wanted.some((beginning) => name.startsWith(beginning))) continue;
    onProgress(name);
    rows.push(...(await measure(name, await start())));
  }
  return rows;
}

async function measure(name: string, contestant: Contestant): Promise<SharedNonceRow[]> {
  const { store, bare, stop } = contestant;
  const sides: Readonly<Record<Side, () => Promise<boolean>>> = {
    bare: () => bare(time(), crypto.randomUUID()),
    store: async () =>
      (await store.claim({ username: 'alice', time: time(), nonce: crypto.randomUUID() }, now())) === 'claimed',
  };
  try {
    await store.open(now());
    while (!store.readiness(now()).ready) await new Promise((resolve) => setTimeout(resolve, 20));
    const bytes = { bare: await bytesOf('bare', contestant, sides), store: await bytesOf('store', contestant, sides) };
    const rows: SharedNonceRow[] = [];
    for (const callers of CALLERS) {
      const contender = (side: Side) => ({
        name: side,
        run: (from: number, to: number) => atOnce(callers, to - from, sides[side]),
      });
      const [measured, claimed] = await compare(contender('bare'), [contender('store')], {
        items: CLAIMS,
        rounds: ROUNDS,
      });
      const micros = { bare: measured?.micros ?? Number.NaN, store: claimed?.micros ?? Number.NaN };
      rows.push({ name, callers, micros, ratio: claimed?.ratio ?? Number.NaN, bytes });
    }
    return rows;
  } finally {
    await stop();
  }
}

async function bytesOf(side: Side, { weigh }: Contestant, sides: Readonly<Record<Side, () => Promise<boolean>>>) {
  const before = await weigh(side);
  if ((await atOnce(CONNECTIONS, HELD, sides[side])) !== HELD) throw new Error(`${side}: some nonces were not new`);
  return ((await weigh(side)) - before) / HELD;
}

/** Repeats work with a number of concurrent callers. @returns the number of successes */
async function atOnce(callers: number, times: number, work: () => Promise<boolean>): Promise<number> {
  let left = times;
  let succeeded = 0;
  const caller = async () => {
    while (left-- > 0) if (await work()) succeeded++;
  };
  await Promise.all(Array.from({ length: callers }, caller));
  return succeeded;
}
