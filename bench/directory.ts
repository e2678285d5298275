/** The directory with few users and with many, two keys each: how long a lookup takes, and what it costs in memory. */
import { execFileSync } from 'node:child_process';
import { createHash, generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sqlDirectory } from 'asymmetric-jwt-auth/sql';
import type { Kysely } from 'kysely';
import { openDatabase } from '../packages/lib/test/nonce-stores/databases.ts';
import { lacksPostgres, PostgresServer } from '../test/servers/postgres.ts';

/** What a process of its own has measured. */
export interface Lookups {
  /** Microseconds. */
  readonly p50: number;
  readonly p99: number;
  /** Resident megabytes at the end. */
  readonly rss: number;
}

const BATCH = 500;

/** @param progress - told what goes on, as it takes minutes */
export async function benchDirectory(
  progress: (what: string) => void,
  sizes: readonly number[] = [1000, 1_000_000],
): Promise<{ name: string; users: number; lookups: Lookups }[]> {
  const rows: { name: string; users: number; lookups: Lookups }[] = [];
  for (const users of sizes) {
    const folder = mkdtempSync(join(tmpdir(), 'ajwt-bench-'));
    const file = join(folder, 'ajwt.db');
    rows.push(await measure('SQLite', { kind: 'sqlite', file }, users, progress));
    rmSync(folder, { recursive: true });
    if (lacksPostgres) continue;
    const server = await PostgresServer.start(['fsync = off']);
    rows.push(await measure('PostgreSQL', { kind: 'postgres', ...server.connection }, users, progress));
    await server.remove();
  }
  return rows;
}

type Address = Parameters<typeof openDatabase>[0];

async function measure(name: string, address: Address, users: number, progress: (what: string) => void) {
  const database = openDatabase(address, 1);
  await sqlDirectory(database).migrate();
  await fill(database, users, (done) => progress(`${name}: ${done} of ${users} users`));
  await database.destroy();
  progress(`${name}: looking up`);
  const words = ['--conditions=source', 'bench/directory-lookups.ts', JSON.stringify(address), String(users)];
  const lookups = JSON.parse(execFileSync(process.execPath, words, { encoding: 'utf8' })) as Lookups;
  return { name, users, lookups };
}

// biome-ignore lint/suspicious/noExplicitAny: only two of its tables, written past the library
async function fill(database: Kysely<any>, users: number, progress: (done: number) => void): Promise<void> {
  for (let first = 0; first < users; first += BATCH) {
    const ids = Array.from({ length: Math.min(BATCH, users - first) }, (_, index) => first + index + 1);
    const people = ids.map((id) => ({ id, username: `user${id}`, disabled: 0, created: 1000 }));
    await database.transaction().execute(async (transaction) => {
      await transaction.insertInto('ajwt_user').values(people).execute();
      await transaction
        .insertInto('ajwt_key')
        .values(ids.flatMap((id) => [keyOf(id), keyOf(id)]))
        .execute();
    });
    if (first % 50_000 === 0) progress(first);
  }
}

/** A real key; its names are made here, as the import of a million keys is not what is measured. */
function keyOf(user_id: number) {
  const { publicKey } = generateKeyPairSync('ed25519');
  const public_key = publicKey.export({ type: 'spki', format: 'pem' }) as string;
  const raw = publicKey.export({ type: 'spki', format: 'der' }).subarray(-32);
  const blob = Buffer.concat([Buffer.from('\0\0\0\x0bssh-ed25519\0\0\0 ', 'latin1'), raw]);
  const hash = (data: string | Buffer) => createHash('sha256').update(data);
  const fingerprint = `SHA256:${hash(blob).digest('base64').replace(/=+$/, '')}`;
  const jwk = `{"crv":"Ed25519","kty":"OKP","x":"${raw.toString('base64url')}"}`;
  return {
    ...{ user_id, fingerprint, owner: fingerprint, kid: hash(public_key).digest('hex') },
    ...{ thumbprint: hash(jwk).digest('base64url'), public_key, created: 1000, staged: 0 },
  };
}
