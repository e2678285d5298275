/** Users and keys as requests need them: cached, and never older than a change may go unseen; with the JWK sets that are trusted. */
import { cachedKeyStore, type KeyStore } from 'asymmetric-jwt-auth';
import { type JwksClient, withJwks } from 'asymmetric-jwt-auth/jwks';
import { type DirectoryUser, directoryRevision } from 'asymmetric-jwt-auth/sql';
import type { Logger } from 'pino';
import type { Database } from './open.ts';

/** A key store, and how to let go of it. */
export interface OpenKeyStore {
  readonly store: KeyStore<DirectoryUser>;
  close(): Promise<void>;
}

/** Milliseconds after which a lookup is given up: whoever asks is told to come again. */
const DEADLINE = 1000;

/** As {@link openDirectory}, with the keys of trusted sets: they depend on the token, and so are outside of the cache. */
export async function openKeyStore(database: Database, keySets: JwksClient, log: Logger): Promise<OpenKeyStore> {
  const { store, close } = await openDirectory(database, log);
  return { store: withJwks(store, keySets), close };
}

/**
 * A change counts at once in SQLite, whose file tells; in PostgreSQL as soon as the server has told, and in any case after a second;
 * in MySQL and MariaDB after a second.
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
  const used: typeof directory.recordUse = (key, at) => directory.recordUse(key, at);
  if (config.kind === 'sqlite') {
    const revision = directoryRevision(config.path);
    const read = () => {
      checkFile();
      return revision.read();
    };
    return {
      store: cachedKeyStore({ find, readiness, recordUse: used }, { revision: read }),
      close: async () => revision.close(),
    };
  }
  const store = cachedKeyStore({ find, readiness, recordUse: used });
  if (config.kind === 'mysql') return { store, close: async () => {} };
  const { listenForChanges } = await import('./listen.ts');
  return { store, close: listenForChanges(config, () => store.forget(), log) };
}

async function inTime<T>(work: T | Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('the database did not answer in time')), DEADLINE);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
