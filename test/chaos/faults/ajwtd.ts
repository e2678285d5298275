/** Faults of `ajwtd` in common setups: two workers, two servers on one Redis, and two servers on one PostgreSQL. */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDatabase } from 'ajwt-testkit/databases';
import { lacksPostgres, PostgresServer } from 'ajwt-testkit/servers/postgres';
import { startRedis, until } from 'ajwt-testkit/servers/redis';
import { PublicKey } from 'asymmetric-jwt-auth';
import { nodeSqliteDialect, sqlDirectory } from 'asymmetric-jwt-auth/sql';
import { type Dialect, Kysely } from 'kysely';
import type { Fault } from '../fault.ts';
import { Program } from '../program.ts';
import { RECOVERY, TOLERANCE } from '../times.ts';
import type { Users } from '../users.ts';
import { processWithPort } from '../worker-of.ts';
import { missing } from './redis.ts';

/** 2T + M in seconds; M is 20 s in ajwtd. */
const LOCK_OUT = 2 * TOLERANCE + 20;
const OPTIONS = ['--tolerance', `${TOLERANCE}`, '--log-level', 'info'];

/** Writes the users and their keys to a database. */
async function register(database: Kysely<unknown>, users: Users): Promise<void> {
  const directory = sqlDirectory(database);
  await directory.migrate();
  for (const [name, key] of Object.entries(users.publicKeys)) {
    await directory.addKey(name, PublicKey.from(key as never), { createUser: true });
  }
  await database.destroy();
}

/** Makes a folder with a database of users. */
async function sqliteDirectory(users: Users) {
  const folder = mkdtempSync(join(tmpdir(), 'ajwt-chaos-'));
  const file = join(folder, 'ajwt.db');
  await register(new Kysely<unknown>({ dialect: nodeSqliteDialect(file, { busyTimeoutMs: 5000 }) as Dialect }), users);
  return { url: `sqlite:${file}`, remove: () => rmSync(folder, { recursive: true }) };
}

/** Starts an application that records the tokens of its requests, and can leave a request without a response. */
async function application() {
  const seen = new Map<string, number>();
  let hold: ((request: IncomingMessage) => void) | undefined;
  const server = createServer((request, response) => {
    const nonce = String(request.headers['x-nonce']);
    seen.set(nonce, (seen.get(nonce) ?? 0) + 1);
    if (hold === undefined) return void response.end();
    const take = hold;
    hold = undefined;
    take(request);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    seen,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    /** Waits for the next request, and sends no response to it. */
    held: () =>
      new Promise<IncomingMessage>((resolve) => {
        hold = resolve;
      }),
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

export const CHAOS_FAULTS: readonly Fault[] = [
  {
    name: 'ajwtd-worker-killed',
    what: 'one of two workers is killed after it has claimed a nonce, while it waits for the application',
    recovery: RECOVERY.process,
    lockOut: LOCK_OUT,
    lasts: 0,
    cuts: true,
    silent: 1,
    felt: 'cut',
    short: true,
    async set(users) {
      const [{ url, remove }, app] = [await sqliteDirectory(users), await application()];
      const words = ['--database', url, '--workers', '2', '--upstream', app.url, ...OPTIONS];
      const server = await Program.ajwtd(words, 'all workers are listening');
      return {
        servers: [server],
        path: '/api',
        async inject() {
          const request = await app.held();
          const worker = processWithPort(request.socket.remotePort as number, server.children);
          if (worker === undefined) throw new Error('no worker has this connection');
          process.kill(worker, 'SIGKILL');
        },
        heal: () => until('there are two workers again', async () => server.children.length === 2).then(() => {}),
        failures() {
          const twice = [...app.seen.values()].filter((times) => times > 1).length;
          return twice === 0 ? [] : [`${twice} tokens reached the application twice`];
        },
        async end() {
          await server.kill();
          app.close();
          remove();
        },
      };
    },
  },
  {
    name: 'ajwtd-redis-killed',
    what: 'two servers share a Redis that is killed and restarts empty',
    recovery: RECOVERY.redis,
    lockOut: LOCK_OUT,
    felt: 'unavailable',
    remainder: 'ahead',
    missing,
    async set(users) {
      const [{ url, remove }, redis] = [await sqliteDirectory(users), await startRedis()];
      const words = ['--database', url, '--nonces', `redis://127.0.0.1:${redis.port}`, ...OPTIONS];
      const servers = [await Program.ajwtd(words), await Program.ajwtd(words)];
      return {
        servers,
        inject: () => redis.kill(),
        heal: () => redis.start(),
        async end() {
          for (const server of servers) await server.kill();
          await redis.stop();
          remove();
        },
      };
    },
  },
  {
    name: 'ajwtd-postgres-restarted',
    what: 'two servers share a PostgreSQL with users and nonces, which crashes and restarts',
    recovery: RECOVERY.postgres,
    lockOut: LOCK_OUT,
    lasts: 0.5,
    felt: 'unavailable',
    missing: () => (lacksPostgres ? 'needs postgresql' : undefined),
    async set(users) {
      const postgres = await PostgresServer.start();
      const { host, port, user, database } = postgres.connection;
      await register(openDatabase({ kind: 'postgres', port, user, database }), users);
      const words = ['--database', `postgres://${user}@${host}:${port}/${database}`, ...OPTIONS];
      const servers = [await Program.ajwtd(words), await Program.ajwtd(words)];
      return {
        servers,
        inject: () => postgres.crash(),
        heal: () => postgres.restart(),
        async end() {
          for (const server of servers) await server.kill();
          await postgres.remove();
        },
      };
    },
  },
];
