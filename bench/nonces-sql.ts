/** Claims of the SQL nonce store beside a bare INSERT of the same row, through the same Kysely; each a durable commit. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nodeSqlite, sqlNonceStore } from 'asymmetric-jwt-auth/sql';
import { CompiledQuery, type Dialect, Kysely, MysqlDialect, PostgresDialect } from 'kysely';
import mysql from 'mysql2';
import pg from 'pg';
import { MariadbServer } from '../test/servers/mariadb.ts';
import { PostgresServer } from '../test/servers/postgres.ts';
import { compare, type Row } from './pairs.ts';

const CLAIMS = 2000;
const ROUNDS = 2;
const CONNECTIONS = 16;

/** A database with the statement that a careless store would use. */
interface Contestant {
  readonly title: string;
  readonly insert: string;
  start(): Promise<{ readonly dialect: Dialect; stop(): Promise<void> }>;
}

export const SQL_DATABASES: readonly Contestant[] = [
  {
    title: 'SQLite, write-ahead log, synchronous=NORMAL',
    insert: 'INSERT INTO bare (time, id) VALUES (?, ?) ON CONFLICT DO NOTHING',
    async start() {
      const folder = await mkdtemp(join(tmpdir(), 'ajwt-bench-'));
      return { dialect: nodeSqlite(join(folder, 'nonces.db')), stop: () => rm(folder, { recursive: true }) };
    },
  },
  {
    title: 'PostgreSQL',
    insert: 'INSERT INTO bare (time, id) VALUES ($1, $2) ON CONFLICT DO NOTHING',
    async start() {
      const server = await PostgresServer.start();
      const pool = new pg.Pool({ ...server.connection, max: CONNECTIONS });
      return { dialect: new PostgresDialect({ pool }), stop: () => server.remove() };
    },
  },
  {
    title: 'MariaDB',
    insert: 'INSERT IGNORE INTO bare (time, id) VALUES (?, ?)',
    async start() {
      const server = await MariadbServer.start();
      const pool = mysql.createPool({ ...server.connection, connectionLimit: CONNECTIONS });
      return { dialect: new MysqlDialect({ pool: pool as never }), stop: () => server.remove() };
    },
  },
];

/** @param callers - that claim at the same time */
export async function benchSqlNonces({ insert, start }: Contestant, callers: number): Promise<Row[]> {
  const { dialect, stop } = await start();
  const database = new Kysely<unknown>({ dialect });
  const execute = (sql: string, values: unknown[] = []) => database.executeQuery(CompiledQuery.raw(sql, values));
  const now = () => Date.now() / 1000;
  try {
    await execute(
      'CREATE TABLE bare (time DOUBLE PRECISION NOT NULL, id VARCHAR(36) NOT NULL, PRIMARY KEY (time, id))',
    );
    const store = sqlNonceStore(database, { perUser: 1_000_000, deadline: 5000 });
    await store.open(now());
    const each = (work: () => Promise<boolean>) => async (from: number, to: number) => {
      let next = from;
      let succeeded = 0;
      const caller = async () => {
        while (next++ < to) if (await work()) succeeded++;
      };
      await Promise.all(Array.from({ length: callers }, caller));
      return succeeded;
    };
    const time = () => Math.floor(now()) + 5;
    const measure = {
      name: 'bare INSERT',
      run: each(async () => (await execute(insert, [time(), crypto.randomUUID()])).numAffectedRows === 1n),
    };
    const claim = {
      name: 'sqlNonceStore, claim',
      run: each(async () => {
        const nonce = { username: 'alice', time: time(), nonce: crypto.randomUUID() };
        return (await store.claim(nonce, now())) === 'claimed';
      }),
    };
    return await compare(measure, [claim], { items: CLAIMS, rounds: ROUNDS });
  } finally {
    await database.destroy();
    await stop();
  }
}
