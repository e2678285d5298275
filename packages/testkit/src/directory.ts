/** The database of a server under test, seen from the side: users and keys put in, used nonces looked at. */
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { DatabaseSync } from 'node:sqlite';
import { type Directory, nodeSqliteDialect, sqlDirectory, sqlNonceStore } from 'asymmetric-jwt-auth/sql';
import { Kysely } from 'kysely';
import { freshNonce, publicKeyOf } from './fixtures.ts';
import { signToken } from './sign.ts';

export { freshNonce, publicKeyOf } from './fixtures.ts';

/** Opens the directory in a file, makes its tables, does the work and closes it. */
export async function inDirectory<T>(path: string, work: (directory: Directory) => Promise<T>): Promise<T> {
  const database = new Kysely<unknown>({ dialect: nodeSqliteDialect(path, { busyTimeoutMs: 5000 }) });
  try {
    const directory = sqlDirectory(database);
    await directory.migrate();
    return await work(directory);
  } finally {
    await database.destroy();
  }
}

/** Gives each of these users a new Ed25519 key; makes the database, if need be. @returns the private keys, by username */
export async function databaseWith(path: string, usernames: readonly string[]): Promise<Map<string, KeyObject>> {
  const keys = new Map(usernames.map((name) => [name, generateKeyPairSync('ed25519').privateKey]));
  await inDirectory(path, async (directory) => {
    for (const [name, key] of keys) await directory.addKey(name, publicKeyOf(key), { createUser: true });
  });
  return keys;
}

/** Makes the nonce tables as they are a minute after the first start: no token of the present window is from before. */
export async function asOfAMinuteAgo(path: string): Promise<void> {
  const database = new Kysely<unknown>({ dialect: nodeSqliteDialect(path, { busyTimeoutMs: 5000 }) });
  await sqlNonceStore(database).open(Date.now() / 1000 - 60);
  await database.destroy();
}

/** Seconds since the epoch, whole. */
export function seconds(): number {
  return Math.floor(Date.now() / 1000);
}

/** The text of a good payload, with more members if given. */
export function payload(username: string, members: Record<string, unknown> = {}): string {
  return JSON.stringify({ username, time: seconds(), nonce: freshNonce(), ...members });
}

/** A good token of a user with an Ed25519 key. */
export function token(username: string, key: KeyObject, members: Record<string, unknown> = {}): string {
  return signToken('{"alg":"EdDSA","typ":"JWT"}', payload(username, members), key);
}

/** Used nonces as they lie in the file. */
export class UsedNonces {
  readonly #file: DatabaseSync;

  constructor(path: string) {
    this.#file = new DatabaseSync(path, { readOnly: true, timeout: 5000 });
  }

  /** All of them, each as a text. */
  all(): Set<string> {
    const rows = this.#file.prepare("SELECT time || ' ' || hex(key) AS nonce FROM ajwt_nonce").all();
    return new Set(rows.map(({ nonce }) => nonce as string));
  }

  /** Those that were not there before. */
  since(before: ReadonlySet<string>): string[] {
    return [...this.all()].filter((nonce) => !before.has(nonce));
  }

  close(): void {
    this.#file.close();
  }
}
