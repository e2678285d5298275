/** Whether anybody has changed the directory in an SQLite file: one small, synchronous read. */
import { DatabaseSync } from 'node:sqlite';
import { checkPath } from './node-sqlite-dialect.ts';

/** A look at the directory's revision. */
export interface DirectoryRevision {
  /**
   * Reads it, synchronously.
   *
   * @returns another number after every change of users and keys, whoever made it
   * @throws what `node:sqlite` throws where the file cannot be read
   */
  read(): number;
  /** Closes the connection. */
  close(): void;
}

/**
 * Opens a connection that only looks: the option `revision` of `cachedKeyStore()` takes its `read`.
 *
 * @param path - a file whose directory was migrated
 * @returns the connection, open until it is closed
 * @throws what `node:sqlite` throws where the file cannot be opened, or has no directory
 */
export function directoryRevision(path: string): DirectoryRevision {
  checkPath(path);
  const database = new DatabaseSync(path, { readOnly: true });
  const statement = database.prepare('SELECT revision FROM ajwt_revision');
  return {
    read: () => (statement.get() as { revision: number }).revision,
    close: () => database.close(),
  };
}
