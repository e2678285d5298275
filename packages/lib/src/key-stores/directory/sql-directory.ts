/** Users and public keys in a database, through Kysely: for servers, and for whoever administers them. */
import type { Kysely } from 'kysely';
import { checkOptions, clockOption, numberOption } from '../../core/options.ts';
import { auditOf } from './audit.ts';
import { changer } from './change.ts';
import { checkActor } from './checks.ts';
import { directoryDialectOf } from './dialects.ts';
import type { Directory } from './directory.ts';
import { userFinder } from './find.ts';
import { jwksOf } from './jwks.ts';
import { keysOf } from './keys.ts';
import { pendingMigrations, runMigrations } from './migrations.ts';
import { type Connection, keyReader } from './rows.ts';
import { keyParser } from './stored-key.ts';
import { usersOf } from './users.ts';
import { keyUses } from './uses.ts';

/** What a directory may be told. */
export interface SqlDirectoryOptions {
  /** Who is named in the audit trail; default `application`. `as()` names another. */
  readonly actor?: string;
  /** Seconds since the epoch; default the wall clock. */
  readonly now?: () => number;
  /** Keys that stay parsed in memory; default 10 000, about 30 MB at most. */
  readonly maxParsedKeys?: number;
  /** Told why it could not be written when keys were used; it is tried again. */
  readonly onWriteError?: (error: unknown) => void;
}

/**
 * Makes a directory in a database: SQLite, PostgreSQL, MySQL or MariaDB. Its tables are made by {@link Directory.migrate}.
 *
 * @param database - a `Kysely` instance; for SQLite over `nodeSqlite`
 * @param options - {@link SqlDirectoryOptions}
 * @returns a directory; it is closed before the database is destroyed
 * @throws TypeError for an option that is unknown or out of its range, and for another kind of database
 */
// biome-ignore lint/suspicious/noExplicitAny: the application's own tables do not matter here
export function sqlDirectory(database: Kysely<any>, options: SqlDirectoryOptions = {}): Directory {
  checkOptions(options, { actor: 'any', now: 'function', maxParsedKeys: 'any', onWriteError: 'function' });
  const { actor = 'application', onWriteError = () => {} } = options;
  checkActor(actor);
  const now = clockOption(options.now);
  const parser = keyParser(numberOption('maxParsedKeys', options.maxParsedKeys, 10_000, 1, 10_000_000));
  const db: Connection = database;
  const dialect = directoryDialectOf(db);
  const keyOf = keyReader(parser, now);
  const uses = keyUses(db, dialect, onWriteError);

  const shared = {
    ...userFinder(db, parser, now),
    migrate: () => runMigrations(db),
    pendingMigrations: () => pendingMigrations(db),
    ...auditOf(db),
    recordUse: ({ fingerprint }, at) => uses.note('used', fingerprint, at),
    recordRefusal(kid, at) {
      // A sender chose it: what is no kid would be an error for a whole batch, and room in memory.
      if (/^[\da-f]{64}$/.test(kid)) uses.note('refused', kid, at);
    },
    close: () => uses.close(),
  } satisfies Partial<Directory>;

  function directoryOf(name: string): Directory {
    const changes = changer(db, dialect, now, name);
    return {
      ...shared,
      ...usersOf(db, dialect, now, changes),
      ...keysOf(db, keyOf, now, changes),
      ...jwksOf(db, now, changes),
      withActor(other) {
        checkActor(other);
        return directoryOf(other);
      },
    };
  }
  return directoryOf(actor);
}
