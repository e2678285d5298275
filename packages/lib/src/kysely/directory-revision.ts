/** Detects changes of a directory in an SQLite file, with one small, synchronous read. */
import { DatabaseSync } from 'node:sqlite';
import { checkPath } from './node-sqlite-dialect.ts';

/** Reads the revision of a directory. */
export interface DirectoryRevision {
  /**
   * Reads the revision synchronously.
   *
   * @returns a number that changes whenever any process changes users or keys
   * @throws the error of `node:sqlite` if the file cannot be read
   */
  read(): number;
  /** Closes the connection. */
  close(): void;
}

/**
 * Opens a read-only connection that reads the revision of a directory. Pass its `read` to `cachedKeyStore()` as `revision`.
 *
 * @param path - an SQLite file with a migrated directory
 * @returns the connection, which stays open until you close it
 * @throws the error of `node:sqlite` if the file cannot be opened, or does not contain a directory
 *
 * @example
 * ```ts
 * import { tmpdir } from 'node:os';
 * import { cachedKeyStore } from 'asymmetric-jwt-auth';
 * import { directoryRevision, nodeSqliteDialect, sqlDirectory } from 'asymmetric-jwt-auth/sql';
 * import { Kysely } from 'kysely';
 *
 * const path = `${tmpdir()}/directory-${process.pid}.db`;
 * const db = new Kysely<unknown>({ dialect: nodeSqliteDialect(path) });
 * await sqlDirectory(db).migrate();
 * const revision = directoryRevision(path);
 * const keys = cachedKeyStore(sqlDirectory(db), { revision: revision.read });
 * console.log(revision.read()); // 0
 * revision.close();
 * await db.destroy();
 * ```
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
