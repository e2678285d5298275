/** Users and public keys in a database, through Kysely: for servers, and for whoever administers them. */
import type { Kysely, Transaction } from 'kysely';
import { KeyConflictError } from '../core/contracts.ts';
import { checkOptions, numberOption, wallClock } from '../core/options.ts';
import { retryWhileBusy } from '../sql/retry-while-busy.ts';
import { type Directory, DirectoryError, type DirectoryKey } from './directory.ts';
import { checkComment, checkExpiry, checkUsername, nameOfKey, registeredAlgorithm, unknownKey } from './sql/checks.ts';
import { directoryDialectOf } from './sql/dialect.ts';
import { userFinder } from './sql/find.ts';
import { keyParser } from './sql/key-parser.ts';
import { stateOf, userOf } from './sql/rows.ts';
import type { DirectoryTables } from './sql/tables.ts';
import { pendingMigrations, runMigrations } from './sql-schema.ts';

/** What a directory may be told. */
export interface SqlDirectoryOptions {
  /** Seconds since the epoch; default the wall clock. */
  readonly now?: () => number;
  /** Keys that stay parsed in memory; default 10 000, about 30 MB at most. */
  readonly parsedKeys?: number;
}

/** Milliseconds that a change waits for other connections' changes. */
const DEADLINE = 5000;

/** The database, or a transaction in it. */
type Connection = Kysely<DirectoryTables>;

/**
 * Makes a directory in a database: SQLite, PostgreSQL, MySQL or MariaDB. Its tables are made by {@link Directory.migrate}.
 *
 * @param database - a `Kysely` instance; for SQLite over `nodeSqlite`
 * @throws TypeError for an option that is unknown, and for another kind of database
 */
// biome-ignore lint/suspicious/noExplicitAny: the application's own tables do not matter here
export function sqlDirectory(database: Kysely<any>, options: SqlDirectoryOptions = {}): Directory {
  checkOptions(options, { now: 'function', parsedKeys: 'any' });
  const { now = wallClock } = options;
  const parse = keyParser(numberOption('parsedKeys', options.parsedKeys, 10_000, 1, 10_000_000));
  const db: Connection = database;
  const { mayTryAgain } = directoryDialectOf(db);

  /** Changes are made one after another: whatever a change has looked at is so until it is committed. */
  function change<T>(work: (transaction: Transaction<DirectoryTables>) => Promise<T>): Promise<T> {
    const attempt = () =>
      db.transaction().execute(async (transaction) => {
        await transaction
          .updateTable('ajwt_revision')
          .set((is) => ({ revision: is('revision', '+', 1) }))
          .execute();
        return work(transaction);
      });
    return retryWhileBusy(attempt, DEADLINE, mayTryAgain);
  }

  const keysIn = (connection: Connection) =>
    connection
      .selectFrom('ajwt_key as k')
      .innerJoin('ajwt_user as u', 'u.id', 'k.user_id')
      .select(['k.fingerprint', 'k.kid', 'k.thumbprint', 'k.public_key', 'k.alg', 'k.comment'])
      .select(['k.created', 'k.expires', 'k.revoked', 'u.username'])
      .orderBy('k.id');
  type Row = Awaited<ReturnType<ReturnType<typeof keysIn>['execute']>>[number];

  function keyOf({ public_key, alg, ...row }: Row): DirectoryKey {
    return { ...row, key: parse(row.fingerprint, public_key, alg), state: stateOf(row, now()) };
  }

  return {
    find: userFinder(db, parse, now),

    migrate: () => runMigrations(db),
    pendingMigrations: () => pendingMigrations(db),

    async addUser(username) {
      checkUsername(username);
      return change(async (transaction) => {
        const row = { username, disabled: 0, created: now() };
        if (await insertUser(transaction, row)) return userOf(row);
        throw new DirectoryError('user_exists', `the user ${JSON.stringify(username)} is there already`);
      });
    },

    listUsers: async () => (await db.selectFrom('ajwt_user').selectAll().orderBy('username').execute()).map(userOf),
    getUser: async (username) => userOf(await rowOfUser(db, username)),

    setDisabled: (username, disabled) =>
      change(async (transaction) => {
        const { id } = await rowOfUser(transaction, username);
        const update = transaction.updateTable('ajwt_user').set({ disabled: Number(disabled) });
        await update.where('id', '=', id).execute();
      }),

    removeUser: (username) =>
      change(async (transaction) => {
        const { id } = await rowOfUser(transaction, username);
        await transaction
          .insertInto('ajwt_revoked_key')
          .columns(['fingerprint', 'revoked'])
          .expression(
            transaction
              .selectFrom('ajwt_key as k')
              .leftJoin('ajwt_revoked_key as r', 'r.fingerprint', 'k.fingerprint')
              .select(['k.fingerprint', (is) => is.ref('k.revoked').$notNull().as('revoked')])
              .where('k.user_id', '=', id)
              .where('k.revoked', 'is not', null)
              .where('r.fingerprint', 'is', null),
          )
          .execute();
        await transaction.deleteFrom('ajwt_user').where('id', '=', id).execute();
      }),

    async addKey(username, key, { comment = key.comment, expires, createUser = false } = {}) {
      checkUsername(username);
      checkComment(comment);
      checkExpiry(expires, now());
      const { fingerprint, kid, thumbprint } = key;
      return change(async (transaction) => {
        const row = { username, disabled: 0, created: now() };
        const userAdded = createUser && (await insertUser(transaction, row));
        const { id } = await rowOfUser(transaction, username);
        await refuseRevoked(transaction, fingerprint);
        const named = keysIn(transaction).where('k.fingerprint', '=', fingerprint);
        const present = await named.executeTakeFirst();
        if (present !== undefined) {
          refuseForeign(present, username);
          const changes = {
            ...(comment === undefined ? {} : { comment }),
            ...(expires === undefined ? {} : { expires }),
          };
          if (Object.keys(changes).length > 0) {
            await transaction.updateTable('ajwt_key').set(changes).where('fingerprint', '=', fingerprint).execute();
          }
          return { key: keyOf({ ...present, ...changes }), added: false, userAdded };
        }
        await transaction
          .insertInto('ajwt_key')
          .values({
            ...{ fingerprint, owner: fingerprint, kid, thumbprint, user_id: id },
            ...{ public_key: key.toPem(), alg: registeredAlgorithm(key) },
            ...{ comment: comment ?? null, expires: expires ?? null, created: now(), revoked: null },
          })
          .execute();
        return { key: keyOf(await named.executeTakeFirstOrThrow()), added: true, userAdded };
      });
    },

    async listKeys(username) {
      if (username === undefined) return (await keysIn(db).execute()).map(keyOf);
      const { id } = await rowOfUser(db, username);
      return (await keysIn(db).where('k.user_id', '=', id).execute()).map(keyOf);
    },

    async revokeKey(id) {
      const { column, value } = nameOfKey(id);
      return change(async (transaction) => {
        const found = await keysIn(transaction).where(`k.${column}`, '=', value).executeTakeFirst();
        if (found === undefined) throw unknownKey();
        if (found.revoked !== null) return { key: keyOf(found), revoked: false };
        const revoked = { revoked: now() };
        const { fingerprint } = found;
        await transaction.updateTable('ajwt_key').set(revoked).where('fingerprint', '=', fingerprint).execute();
        return { key: keyOf({ ...found, ...revoked }), revoked: true };
      });
    },
  };
}

/** @returns whether the user was not there yet */
async function insertUser(
  connection: Connection,
  row: { username: string; disabled: number; created: number },
): Promise<boolean> {
  const named = connection.selectFrom('ajwt_user').select('username').where('username', '=', row.username);
  if ((await named.executeTakeFirst()) !== undefined) return false;
  await connection.insertInto('ajwt_user').values(row).execute();
  return true;
}

/** @throws DirectoryError `unknown_user` */
async function rowOfUser(connection: Connection, username: string) {
  // PostgreSQL cannot even be asked for a name with NUL.
  if (username.isWellFormed() && !username.includes('\0')) {
    const named = connection.selectFrom('ajwt_user').selectAll().where('username', '=', username);
    const row = await named.executeTakeFirst();
    if (row?.username === username) return row;
  }
  throw new DirectoryError('unknown_user', `there is no user ${JSON.stringify(username)}`);
}

/** @throws DirectoryError `key_revoked` for a key of a user who was removed */
async function refuseRevoked(connection: Connection, fingerprint: string): Promise<void> {
  const found = connection.selectFrom('ajwt_revoked_key').select('revoked').where('fingerprint', '=', fingerprint);
  if ((await found.executeTakeFirst()) !== undefined) throw revokedError(fingerprint);
}

function revokedError(fingerprint: string): DirectoryError {
  return new DirectoryError('key_revoked', `the key ${fingerprint} was revoked; make a new one`);
}

/** @throws KeyConflictError @throws DirectoryError `key_revoked` */
function refuseForeign(
  { fingerprint, username, revoked }: Pick<DirectoryKey, 'fingerprint' | 'username' | 'revoked'>,
  expected: string,
): void {
  if (username !== expected) {
    throw new KeyConflictError(`the key ${fingerprint} belongs to another user; revoke it there, and make a new one`);
  }
  if (revoked !== null) throw revokedError(fingerprint);
}
