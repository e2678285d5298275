/**
 * Measures what a stranger can learn from the duration of a refusal with SQL stores, for the first and the second request with a
 * username.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { Agent, get } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { createAuthenticator, type KeyStore, memoryNonceStore, PublicKey } from 'asymmetric-jwt-auth';
import { createAuthorization } from 'asymmetric-jwt-auth/client';
import { nodeSqliteDialect, sqlDirectory, sqlKeyStore } from 'asymmetric-jwt-auth/sql';
import { Kysely } from 'kysely';
import type { Kind } from './kinds.ts';
import { median } from './pairs.ts';

/** Number of usernames for each reason, and how many of them are for warm-up. */
const NAMES = 500;
const WARM_UP = 100;
const REASONS = ['bad_signature', 'unknown_key', 'unknown_user'] as const;
type Reason = (typeof REASONS)[number];

/** Durations of refusals with one store. `micros` are medians, in microseconds. */
export interface SilenceRow {
  readonly store: string;
  readonly request: 'first' | 'second';
  readonly micros: Readonly<Record<Reason, number>>;
}

/** A username that a stranger tries twice. */
interface Attempt {
  readonly reason: Reason;
  readonly authorizations: readonly [string, string];
}

/** Sends one request, and checks that it is refused, for this reason if the reason is visible. */
type Send = (authorization: string, reason: Reason) => Promise<void>;
type Opened = { readonly send: Send; close(): Promise<void> };

export async function benchSilenceOfStores(kind: Kind): Promise<SilenceRow[]> {
  const folder = mkdtempSync(join(tmpdir(), 'ajwt-bench-'));
  try {
    const file = join(folder, 'ajwt.db');
    const attempts = await fill(file, kind);
    const rows: SilenceRow[] = [];
    for (const [store, open] of Object.entries(STORES)) {
      const { send, close } = await open(file);
      // All first requests are sent before all second requests.
      for (const [index, request] of (['first', 'second'] as const).entries()) {
        const times: Record<Reason, number[]> = { bad_signature: [], unknown_key: [], unknown_user: [] };
        for (const [at, { reason, authorizations }] of attempts.entries()) {
          const begun = process.hrtime.bigint();
          await send(authorizations[index] as string, reason);
          if (at >= WARM_UP * REASONS.length) times[reason].push(Number(process.hrtime.bigint() - begun) / 1000);
        }
        const of = (reason: Reason) => median(times[reason]);
        const micros = {
          ...{ bad_signature: of('bad_signature'), unknown_key: of('unknown_key') },
          unknown_user: of('unknown_user'),
        };
        rows.push({ store, request, micros });
      }
      await close();
    }
    return rows;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Makes a public key of a type without its private key, because generating RSA keys takes too long. */
async function publicKeyOf({ make, alg, title }: Kind): Promise<PublicKey> {
  if (alg !== 'RS512') return (await make()).publicKey;
  const modulus = randomBytes(Number(title.slice('RSA-'.length)) / 8);
  modulus[0] = (modulus[0] as number) | 0x80;
  modulus[modulus.length - 1] = (modulus.at(-1) as number) | 1;
  return PublicKey.from({ kty: 'RSA', n: modulus.toString('base64url'), e: 'AQAB' });
}

/** Makes users with one key each, and the requests of a stranger. Tokens are equally long for all reasons. */
async function fill(file: string, kind: Kind): Promise<Attempt[]> {
  const database = new Kysely<unknown>({ dialect: nodeSqliteDialect(file) });
  const directory = sqlDirectory(database);
  await directory.migrate();
  const stranger = await kind.make();
  const attempts: Attempt[] = [];
  for (let index = 0; index < NAMES; index++) {
    for (const reason of [...REASONS.slice(index % 3), ...REASONS.slice(0, index % 3)]) {
      const username = randomBytes(6).toString('hex');
      const key = await publicKeyOf(kind);
      if (reason !== 'unknown_user') await directory.addKey(username, key, { createUser: true });
      const kid = reason === 'unknown_key' ? randomBytes(32).toString('hex') : key.kid;
      const signer = { alg: stranger.alg, kid, sign: (bytes: Uint8Array) => stranger.sign(bytes) };
      const authorization = () => createAuthorization({ username, key: signer });
      attempts.push({ reason, authorizations: [await authorization(), await authorization()] });
    }
  }
  await database.destroy();
  return attempts;
}

const STORES: Readonly<Record<string, (file: string) => Promise<Opened>>> = {
  sqlDirectory: async (file) => inProcess(file, (database) => sqlDirectory(database)),
  sqlKeyStore: async (file) =>
    inProcess(file, (database) =>
      sqlKeyStore(database, {
        users: { table: 'ajwt_user', id: 'id', username: 'username' },
        keys: { table: 'ajwt_key', userId: 'user_id', id: 'id', publicKey: 'public_key' },
      }),
    ),
  'ajwtd, over HTTP': overHttp,
};

function inProcess(file: string, storeOf: (database: Kysely<unknown>) => KeyStore<unknown>): Opened {
  const database = new Kysely<unknown>({ dialect: nodeSqliteDialect(file) });
  const auth = createAuthenticator({ keys: storeOf(database), nonces: memoryNonceStore() });
  return {
    async send(authorization, reason) {
      const result = await auth.authenticate({ authorization });
      if (result.ok || result.reason !== reason) throw new Error(`not refused as ${reason}`);
    },
    close: () => database.destroy(),
  };
}

async function overHttp(file: string): Promise<Opened> {
  const words = [
    ...['--conditions=source', resolve('packages/server/src/cli/ajwtd.ts'), 'serve', '--database', `sqlite:${file}`],
    ...['--listen', '127.0.0.1:0', '--admin-listen', 'off', '--nonces', 'memory'],
  ];
  const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'inherit'] });
  const port = await portOf(child);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  return {
    send: (authorization) =>
      new Promise((done, failed) => {
        const options = { port, agent, path: '/.ajwt/auth', headers: { authorization } };
        get(options, (response) => {
          if (response.statusCode !== 401) failed(new Error(`a stranger got ${response.statusCode}`));
          response.resume().on('end', done);
        }).on('error', failed);
      }),
    async close() {
      agent.destroy();
      const ended = new Promise((done) => child.once('close', done));
      child.kill();
      await ended;
    },
  };
}

async function portOf(child: ChildProcess): Promise<number> {
  return new Promise((found, failed) => {
    child.once('close', () => failed(new Error('ajwtd has exited')));
    // Keep reading log lines, because a full pipe would block the server.
    createInterface({ input: child.stdout as NodeJS.ReadableStream }).on('line', (line) => {
      const port = /listening on http:\/\/127\.0\.0\.1:(\d+)/.exec(line)?.[1];
      if (port !== undefined) found(Number(port));
    });
  });
}
