/** Accesses the database of a server under test: adds users and keys, and reads used nonces. */
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { DatabaseSync } from 'node:sqlite';
import { type Directory, nodeSqliteDialect, sqlDirectory, sqlNonceStore } from 'asymmetric-jwt-auth/sql';
import { Kysely } from 'kysely';
import { freshNonce, publicKeyOf } from './fixtures.ts';
import { signToken } from './sign.ts';

export { freshNonce, publicKeyOf } from './fixtures.ts';

/** Opens the directory in a file, creates its tables, runs the work and closes it. */
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

/** Registers a new Ed25519 key for each user, and creates the database if it is missing. @returns the private keys, by username */
export async function databaseWith(path: string, usernames: readonly string[]): Promise<Map<string, KeyObject>> {
  const keys = new Map(usernames.map((name) => [name, generateKeyPairSync('ed25519').privateKey]));
  await inDirectory(path, async (directory) => {
    for (const [name, key] of keys) await directory.addKey(name, publicKeyOf(key), { createUser: true });
  });
  return keys;
}

/** Creates the nonce tables as if they had been created a minute ago, so that every current token is newer than the store. */
export async function asOfAMinuteAgo(path: string): Promise<void> {
  const database = new Kysely<unknown>({ dialect: nodeSqliteDialect(path, { busyTimeoutMs: 5000 }) });
  await sqlNonceStore(database).open(Date.now() / 1000 - 60);
  await database.destroy();
}

/** Returns whole seconds since the epoch. */
export function seconds(): number {
  return Math.floor(Date.now() / 1000);
}

/** Returns a valid payload as a JSON string. @param members - more claims, or replacements */
export function payload(username: string, members: Record<string, unknown> = {}): string {
  return JSON.stringify({ username, time: seconds(), nonce: freshNonce(), ...members });
}

/** Returns a valid token, signed with an Ed25519 key. */
export function token(username: string, key: KeyObject, members: Record<string, unknown> = {}): string {
  return signToken('{"alg":"EdDSA","typ":"JWT"}', payload(username, members), key);
}

/** Reads the used nonces in a database file. */
export class UsedNonces {
  readonly #file: DatabaseSync;

  constructor(path: string) {
    this.#file = new DatabaseSync(path, { readOnly: true, timeout: 5000 });
  }

  /** Returns all nonces, each as a string. */
  all(): Set<string> {
    const rows = this.#file.prepare("SELECT time || ' ' || hex(key) AS nonce FROM ajwt_nonce").all();
    return new Set(rows.map(({ nonce }) => nonce as string));
  }

  /** Returns the nonces that are not in `before`. */
  since(before: ReadonlySet<string>): string[] {
    return [...this.all()].filter((nonce) => !before.has(nonce));
  }

  close(): void {
    this.#file.close();
  }
}
