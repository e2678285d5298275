/** Looks up users and keys for requests, with a cache and with the keys of trusted JWK sets. */
import { cachedKeyStore, type KeyStore, UnavailableError } from 'asymmetric-jwt-auth';
import { type JwksClient, withJwks } from 'asymmetric-jwt-auth/jwks';
import { type DirectoryUser, directoryRevision } from 'asymmetric-jwt-auth/sql';
import type { Logger } from 'pino';
import type { Database } from './open.ts';

/** A key store, and how to close it. */
export interface OpenKeyStore {
  readonly store: KeyStore<DirectoryUser>;
  close(): Promise<void>;
}

/** Maximum duration of a lookup, in milliseconds. */
const DEADLINE_MS = 1000;

/**
 * Opens the directory with the keys of trusted JWK sets. The cache does not hold these keys, because which ones are needed depends on the
 * token.
 */
export async function openKeyStore(database: Database, jwks: JwksClient, log: Logger): Promise<OpenKeyStore> {
  const { store, close } = await openDirectory(database, log);
  return { store: withJwks(store, jwks), close };
}

/**
 * Caches users and keys. With SQLite, a change takes effect at once, because the cache checks the file for changes. With PostgreSQL, it
 * takes effect when its notification arrives, or after a second if none arrives. With MySQL and MariaDB, it takes effect within a second.
 */
async function openDirectory({ config, directory, checkFile }: Database, log: Logger): Promise<OpenKeyStore> {
  const find: typeof directory.find = (username, hint) => {
    checkFile();
    return inTime(directory.find(username, hint));
  };
  const readiness: typeof directory.readiness = () => {
    checkFile();
    return inTime(directory.readiness());
  };
  const recordUse: typeof directory.recordUse = (key, at) => directory.recordUse(key, at);
  if (config.kind === 'sqlite') {
    const revision = directoryRevision(config.path);
    const read = () => {
      checkFile();
      return revision.read();
    };
    return {
      store: cachedKeyStore({ find, readiness, recordUse }, { revision: read }),
      close: async () => revision.close(),
    };
  }
  const store = cachedKeyStore({ find, readiness, recordUse });
  if (config.kind === 'mysql') return { store, close: async () => {} };
  const { listenForChanges } = await import('./listen.ts');
  return { store, close: listenForChanges(config, () => store.forget(), log) };
}

/** Waits for work. @throws UnavailableError if it takes longer than {@link DEADLINE_MS} */
async function inTime<T>(work: T | Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const error = new UnavailableError(`the database did not respond within ${DEADLINE_MS / 1000} s`);
    timer = setTimeout(() => reject(error), DEADLINE_MS);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
