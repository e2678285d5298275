/** Measures time and memory of lookups in the directory, with few and with many users, two keys each. */
import { execFileSync } from 'node:child_process';
import { generateKeyPairSync, hash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDatabase } from 'ajwt-testkit/databases';
import { lacksPostgres, PostgresServer } from 'ajwt-testkit/servers/postgres';
import { sqlDirectory } from 'asymmetric-jwt-auth/sql';
import { CompiledQuery, type Kysely } from 'kysely';
import { median } from './pairs.ts';

/** The measurements of one separate process. */
export interface Lookups {
  /** Time of a lookup, in microseconds. */
  readonly p50: number;
  readonly p99: number;
  /** Time of a lookup and of parsing the key that a token names, in microseconds. */
  readonly keyP50: number;
  readonly keyP99: number;
  /** Resident memory at the end, in megabytes. */
  readonly rss: number;
}

/** Number of processes, which run one after another. Each result is their median. */
const RUNS = 5;
/** Users inserted by one statement. */
const BATCH = 5000;

/** Measures lookups. @param progress - called with each step, because the benchmark takes minutes */
export async function benchDirectory(
  progress: (what: string) => void,
  sizes: readonly number[] = [1000, 1_000_000],
): Promise<{ name: string; users: number; lookups: Lookups }[]> {
  const rows: { name: string; users: number; lookups: Lookups }[] = [];
  const points = makePoints(2 * Math.max(...sizes), progress);
  for (const users of sizes) {
    const folder = mkdtempSync(join(tmpdir(), 'ajwt-bench-'));
    const file = join(folder, 'ajwt.db');
    rows.push(await measure('SQLite', { kind: 'sqlite', file }, users, points, progress));
    rmSync(folder, { recursive: true });
    if (lacksPostgres) continue;
    const server = await PostgresServer.start(['fsync = off']);
    rows.push(await measure('PostgreSQL', { kind: 'postgres', ...server.connection }, users, points, progress));
    await server.remove();
  }
  return rows;
}

type Address = Parameters<typeof openDatabase>[0];

async function measure(
  name: string,
  address: Address,
  users: number,
  points: Buffer,
  progress: (what: string) => void,
) {
  const database = openDatabase(address, 1);
  await sqlDirectory(database).migrate();
  await fill(database, address.kind, users, points, (done) => progress(`${name}: ${done} of ${users} users`));
  await database.destroy();
  progress(`${name}: looking up`);
  const words = ['--conditions=source', 'bench/directory-lookups.ts', JSON.stringify(address), String(users)];
  // The disk is busy until the inserted rows are written.
  execFileSync('sync');
  const runs = Array.from(
    { length: RUNS },
    () => JSON.parse(execFileSync(process.execPath, words, { encoding: 'utf8' })) as Lookups,
  );
  const middle = (of: keyof Lookups) => median(runs.map((run) => run[of]));
  const lookups: Lookups = {
    ...{ p50: middle('p50'), p99: middle('p99'), rss: middle('rss') },
    ...{ keyP50: middle('keyP50'), keyP99: middle('keyP99') },
  };
  return { name, users, lookups };
}

/** Makes the raw bytes of all public keys, concatenated. All databases get the same keys, because making keys takes longest. */
function makePoints(count: number, progress: (what: string) => void): Buffer {
  const points = Buffer.alloc(count * POINT);
  for (let index = 0; index < count; index++) {
    if (index % 200_000 === 0) progress(`${index} of ${count} keys made`);
    const { publicKey } = generateKeyPairSync('ed25519', DER) as unknown as { publicKey: Buffer };
    publicKey.copy(points, index * POINT, SPKI.length);
  }
  return points;
}

const POINT = 32;
/** The bytes before the key in a SubjectPublicKeyInfo (RFC 8410 §4), and in an OpenSSH key blob. */
const SPKI = Buffer.from('302a300506032b6570032100', 'hex');
const BLOB = Buffer.from('\0\0\0\x0bssh-ed25519\0\0\0 ', 'latin1');
const DER = {
  publicKeyEncoding: { type: 'spki', format: 'der' },
  privateKeyEncoding: { type: 'pkcs8', format: 'der' },
} as const;

/**
 * Statements that insert a batch of rows, given as JSON. They bypass the library, because it checks each key, and inserting is not
 * measured.
 */
const INSERT = {
  sqlite: (table: string, columns: readonly string[]) =>
    `INSERT INTO ${table} (${columns.join(', ')}) SELECT ${columns.map((name) => `value ->> '${name}'`).join(', ')} FROM json_each(?)`,
  postgres: (table: string, columns: readonly string[]) =>
    `INSERT INTO ${table} (${columns.join(', ')}) SELECT ${columns.join(', ')} FROM json_populate_recordset(NULL::${table}, $1)`,
};

async function fill(
  database: Kysely<unknown>,
  kind: Address['kind'],
  users: number,
  points: Buffer,
  progress: (done: number) => void,
): Promise<void> {
  const insert = async (table: string, rows: readonly object[]) => {
    const sql = INSERT[kind as 'sqlite' | 'postgres'](table, Object.keys(rows[0] ?? {}));
    await database.executeQuery(CompiledQuery.raw(sql, [JSON.stringify(rows)]));
  };
  for (let first = 0; first < users; first += BATCH) {
    if (first % 100_000 === 0) progress(first);
    const ids = Array.from({ length: Math.min(BATCH, users - first) }, (_, index) => first + index + 1);
    await insert(
      'ajwt_user',
      ids.map((id) => ({ id, username: `user${id}`, disabled: 0, created: 1000 })),
    );
    await insert(
      'ajwt_key',
      ids.flatMap((id) => [keyOf(id, points, 2 * id - 2), keyOf(id, points, 2 * id - 1)]),
    );
  }
}

/** Makes a real public key, and its fingerprint and thumbprint. */
function keyOf(user_id: number, points: Buffer, index: number) {
  const point = points.subarray(index * POINT, (index + 1) * POINT);
  const public_key = `-----BEGIN PUBLIC KEY-----\n${Buffer.concat([SPKI, point]).toString('base64')}\n-----END PUBLIC KEY-----\n`;
  const fingerprint = `SHA256:${hash('sha256', Buffer.concat([BLOB, point]), 'base64').replace(/=+$/, '')}`;
  const jwk = `{"crv":"Ed25519","kty":"OKP","x":"${point.toString('base64url')}"}`;
  return {
    ...{ user_id, fingerprint, owner: fingerprint, kid: hash('sha256', public_key) },
    ...{ thumbprint: hash('sha256', jwk, 'base64url'), public_key, created: 1000, staged: 0 },
  };
}
