/** Measures the latency of an honest client while others flood `ajwtd`, for each nonce store. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { Agent, get } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { MariadbServer } from 'ajwt-testkit/servers/mariadb';
import { PostgresServer } from 'ajwt-testkit/servers/postgres';
import { startRedis } from 'ajwt-testkit/servers/redis';
import { createAuthorization, PrivateKey } from 'asymmetric-jwt-auth/client';

/** Rate of the honest client in requests a second, and its duration in seconds. The first second is not counted. */
const RATE = 50;
const SECONDS = 5;
/** Milliseconds after which the honest client gives up. */
const PATIENCE = 5000;

const SOURCE = '--conditions=source';

/** A flood of requests. `atOnce` requests are sent on a connection before it waits for responses; 0: as many as it allows. */
interface Flood {
  readonly name: string;
  readonly what: 'nothing' | 'garbage' | 'spent token';
  readonly connections: number;
  readonly atOnce: number;
}

const FLOODS: readonly Flood[] = [
  { name: 'none', what: 'nothing', connections: 0, atOnce: 0 },
  { name: 'garbage, pipelined on 1 connection', what: 'garbage', connections: 1, atOnce: 0 },
  { name: 'garbage, pipelined on 16 connections', what: 'garbage', connections: 16, atOnce: 0 },
  { name: 'a used token, pipelined on 24 connections', what: 'spent token', connections: 24, atOnce: 0 },
  {
    name: 'a used token, 16 requests at a time on each of 24 connections',
    what: 'spent token',
    connections: 24,
    atOnce: 16,
  },
  {
    name: 'a used token, 1 request at a time on each of 256 connections',
    what: 'spent token',
    connections: 256,
    atOnce: 1,
  },
];

interface Place {
  readonly database: string;
  readonly nonces: string;
  stop(): Promise<void>;
}

const nothing = async () => {};

/** The stores of users and nonces. */
const STORES: Readonly<Record<string, (folder: string) => Promise<Place>>> = {
  memory: async (folder) => ({ database: `sqlite:${join(folder, 'memory.db')}`, nonces: 'memory', stop: nothing }),
  SQLite: async (folder) => ({ database: `sqlite:${join(folder, 'sqlite.db')}`, nonces: 'database', stop: nothing }),
  async PostgreSQL() {
    const server = await PostgresServer.start();
    const database = `postgres://postgres@127.0.0.1:${server.port}/postgres`;
    return { database, nonces: 'database', stop: () => server.remove() };
  },
  async MariaDB() {
    const server = await MariadbServer.start();
    return { database: `mysql://test@127.0.0.1:${server.port}/test`, nonces: 'database', stop: () => server.remove() };
  },
  async Redis(folder) {
    const server = await startRedis();
    const nonces = `redis://127.0.0.1:${server.port}`;
    return { database: `sqlite:${join(folder, 'redis.db')}`, nonces, stop: () => server.stop() };
  },
};

/** Results of the honest client during one flood. Times are in milliseconds. */
export interface OverloadRow {
  readonly store: string;
  readonly flood: string;
  readonly p50: number;
  readonly p99: number;
  readonly sent: number;
  readonly failed: number;
}

/**
 * Measures every flood with every store.
 *
 * @param progress - called with each row, because the benchmark takes minutes
 * @param only - a store; default: all stores
 * @param ajwtd - path of the program, which may be another version
 */
export async function benchOverload(
  progress: (what: string) => void,
  only?: string,
  ajwtd = 'packages/server/src/cli/ajwtd.ts',
): Promise<OverloadRow[]> {
  const folder = await mkdtemp(join(tmpdir(), 'ajwt-bench-'));
  const rows: OverloadRow[] = [];
  try {
    for (const [store, open] of Object.entries(STORES)) {
      if (only !== undefined && only !== store) continue;
      const place = await open(folder);
      try {
        for (const flood of FLOODS) {
          const row = { store, flood: flood.name, ...(await measure(resolve(ajwtd), folder, place, flood)) };
          rows.push(row);
          progress(JSON.stringify(row));
        }
      } finally {
        await place.stop();
      }
    }
  } finally {
    await rm(folder, { recursive: true });
  }
  return rows;
}

/** Measures one flood on a new server. */
async function measure(ajwtd: string, folder: string, { database, nonces }: Place, flood: Flood) {
  const users = { honest: await PrivateKey.generate('ed25519'), victim: await PrivateKey.generate('ed25519') };
  for (const [name, key] of Object.entries(users)) {
    await writeFile(join(folder, 'key.pub'), key.publicKey.toPem());
    const words = ['key', 'add', `${name}-${key.publicKey.kid.slice(0, 8)}`, join(folder, 'key.pub')];
    await promisify(execFile)(process.execPath, [SOURCE, ajwtd, ...words, '--database', database]);
  }
  const children: ChildProcess[] = [];
  const start = (words: readonly string[]) => {
    const child = spawn(process.execPath, [SOURCE, ...words], { stdio: ['pipe', 'pipe', 'inherit'] });
    children.push(child);
    return child;
  };
  try {
    const options = ['--database', database, '--nonces', nonces, '--listen', '127.0.0.1:0', '--admin-listen', 'off'];
    const port = await portOf(start([ajwtd, 'serve', ...options]));
    const authorize = (name: keyof typeof users) =>
      createAuthorization({ username: `${name}-${users[name].publicKey.kid.slice(0, 8)}`, key: users[name] });
    // A new store refuses the tokens of its first second.
    for (let status = 0; status !== 200; ) status = await ask(port, await authorize('honest'));
    const spent = await authorize('victim');
    await ask(port, spent);
    if (flood.connections > 0) {
      const words = [resolve('bench/overload-attacker.ts'), port, flood.connections, flood.atOnce].map(String);
      const credential = flood.what === 'garbage' ? 'JWT garbage' : spent;
      const attacker = start(words);
      attacker.stdin?.end(`GET /.ajwt/auth HTTP/1.1\r\nHost: x\r\nAuthorization: ${credential}\r\n\r\n`);
      if (attacker.stdout !== null) await once(attacker.stdout, 'data');
    }
    return await honestClient(port, () => authorize('honest'));
  } finally {
    for (const child of children) {
      const ended = once(child, 'close');
      child.kill('SIGKILL');
      await ended;
    }
  }
}

async function portOf(server: ChildProcess): Promise<number> {
  if (server.stdout === null) throw new Error('the server has no standard output');
  // Keep reading log lines, because a full pipe would block the server.
  const lines = createInterface({ input: server.stdout });
  return new Promise((found, missing) => {
    lines.on('line', (line) => {
      const port = /listening on http:\/\/127\.0\.0\.1:(\d+)/.exec(line)?.[1];
      if (port !== undefined) found(Number(port));
    });
    lines.on('close', () => missing(new Error('the server exited')));
  });
}

const agent = new Agent({ keepAlive: true });

/** Sends a request. @returns the status, or 0 if there was no response */
function ask(port: number, authorization: string): Promise<number> {
  return new Promise((done) => {
    const options = { port, host: '127.0.0.1', agent, headers: { authorization }, timeout: PATIENCE };
    const request = get({ ...options, path: '/.ajwt/auth' }, (response) => {
      response.resume().on('end', () => done(response.statusCode as number));
    });
    request.on('timeout', () => request.destroy());
    request.on('error', () => done(0));
  });
}

/** Sends requests at a fixed rate, without waiting for responses. Latency is counted from the time at which a request is due. */
async function honestClient(port: number, authorize: () => Promise<string>) {
  const begun = performance.now();
  const waits: number[] = [];
  let failed = 0;
  const requests = Array.from({ length: RATE * SECONDS }, async (_, index) => {
    const due = begun + (index * 1000) / RATE;
    await pause(Math.max(0, due - performance.now()));
    const status = await ask(port, await authorize());
    if (index < RATE) return;
    waits.push(performance.now() - due);
    if (status !== 200) failed += 1;
  });
  await Promise.all(requests);
  waits.sort((one, other) => one - other);
  const at = (share: number) => waits[Math.floor(waits.length * share)] as number;
  return { p50: at(0.5), p99: at(0.99), sent: waits.length, failed };
}
