/** Keeps a directory of users and public keys in an SQL database, through Kysely. */
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

/** Options of {@link sqlDirectory}. */
export interface SqlDirectoryOptions {
  /** The name of the actor in the audit trail; default `application`. {@link Directory.withActor} changes it. */
  readonly actor?: string;
  /** Returns seconds since the epoch; the default is the wall clock. */
  readonly now?: () => number;
  /** Maximum number of parsed keys in memory; default 10 000, which take at most about 30 MB. */
  readonly maxParsedKeys?: number;
  /** Called when the uses of keys cannot be written. The write is repeated a minute later. */
  readonly onWriteError?: (error: unknown) => void;
}

/**
 * Creates a directory in SQLite, PostgreSQL, MySQL or MariaDB. {@link Directory.migrate} creates its tables.
 *
 * @param database - a `Kysely` instance; for SQLite, create it with `nodeSqliteDialect`
 * @param options - {@link SqlDirectoryOptions}
 * @returns a directory; close it before you destroy the database
 * @throws TypeError for an option that is unknown or out of range, and for a database of another kind
 *
 * @example
 * ```ts
 * import { PrivateKey } from 'asymmetric-jwt-auth';
 * import { nodeSqliteDialect, sqlDirectory } from 'asymmetric-jwt-auth/sql';
 * import { Kysely } from 'kysely';
 *
 * const db = new Kysely<unknown>({ dialect: nodeSqliteDialect(':memory:') });
 * const directory = sqlDirectory(db, { actor: 'setup' });
 * await directory.migrate();
 * await directory.addKey('guido', (await PrivateKey.generate()).publicKey, { createUser: true });
 * const { items } = await directory.listKeys({ username: 'guido' });
 * console.log(items[0]?.state); // active
 * await directory.close();
 * await db.destroy();
 * ```
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
      // A stranger may have chosen the kid. A value of another form could make a whole batch fail, or fill the memory.
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
