/** Users and public keys in a database, through Kysely: for servers, and for whoever administers them. */
import type { Kysely } from 'kysely';
import type { AlgorithmName } from '../core/algorithms.ts';
import { isUsername } from '../core/claims.ts';
import { KeyConflictError, type KeyRecord, type KeyState } from '../core/contracts.ts';
import { checkOptions, wallClock } from '../core/options.ts';
import { PublicKey } from '../keys/public-key.ts';
import { retryWhileBusy } from '../sql/retry-while-busy.ts';
import { type Directory, DirectoryError, type DirectoryKey, type DirectoryUser } from './directory.ts';
import { type DirectoryTables, pendingMigrations, runMigrations } from './sql-schema.ts';

/** What a directory may be told. */
export interface SqlDirectoryOptions {
  /** Seconds since the epoch; default the wall clock. */
  readonly now?: () => number;
  /** Keys that stay parsed in memory; default 10 000, about 30 MB at most. */
  readonly parsedKeys?: number;
}

/** One row of the query that finds a user with all its keys; a user without keys has one without a fingerprint. */
interface FoundRow {
  readonly username: string;
  readonly disabled: number;
  readonly user_created: number;
  readonly fingerprint: string | null;
  readonly public_key: string;
  readonly alg: string | null;
  readonly expires: number | null;
  readonly revoked: number | null;
}

/**
 * Makes a directory in a database. Its tables are made by {@link Directory.migrate}.
 *
 * @param database - a `Kysely` instance; for SQLite over `nodeSqlite`
 * @throws TypeError for an option that is unknown
 */
// biome-ignore lint/suspicious/noExplicitAny: the application's own tables do not matter here
export function sqlDirectory(database: Kysely<any>, options: SqlDirectoryOptions = {}): Directory {
  checkOptions(options, { now: 'function', parsedKeys: 'any' });
  const { now = wallClock, parsedKeys = 10_000 } = options;
  const db: Kysely<DirectoryTables> = database;
  const parse = keyParser(parsedKeys);
  const findQuery = db
    .selectFrom('ajwt_user as u')
    .leftJoin('ajwt_key as k', 'k.user_id', 'u.id')
    .select(['u.username', 'u.disabled', 'u.created as user_created'])
    .select(['k.fingerprint', 'k.public_key', 'k.alg', 'k.expires', 'k.revoked'])
    .where('u.username', '=', '')
    .orderBy('k.created', 'desc')
    .compile();

  const keysIn = (connection: Connection) =>
    connection
      .selectFrom('ajwt_key as k')
      .innerJoin('ajwt_user as u', 'u.id', 'k.user_id')
      .selectAll('k')
      .select('u.username')
      .orderBy('k.created')
      .orderBy('k.fingerprint');
  type Row = Awaited<ReturnType<ReturnType<typeof keysIn>['execute']>>[number];

  function keyOf({ public_key, alg, user_id: _, ...row }: Row): DirectoryKey {
    return { ...row, key: parse(row.fingerprint, public_key, alg), state: stateOf(row, now()) };
  }

  return {
    async find(username) {
      const { rows } = await db.executeQuery<FoundRow>({ ...findQuery, parameters: [username] });
      const [first] = rows;
      if (first === undefined) return undefined;
      const at = now();
      const records: KeyRecord[] = [];
      for (const row of rows) {
        if (row.fingerprint === null) continue;
        records.push({ key: parse(row.fingerprint, row.public_key, row.alg), state: stateOf(row, at) });
      }
      const user = userOf({ ...first, created: first.user_created });
      return { username: user.username, user, disabled: user.disabled, keys: records, until: nextExpiry(rows, at) };
    },

    migrate: () => runMigrations(db),
    pendingMigrations: () => pendingMigrations(db),

    async addUser(username) {
      const row = { username, disabled: 0, created: now() };
      if (await patiently(() => insertUser(db, row))) return userOf(row);
      throw new DirectoryError('user_exists', `the user ${JSON.stringify(username)} is there already`);
    },

    listUsers: async () => (await db.selectFrom('ajwt_user').selectAll().orderBy('username').execute()).map(userOf),
    getUser: async (username) => userOf(await rowOfUser(db, username)),

    async setDisabled(username, disabled) {
      const { id } = await rowOfUser(db, username);
      const update = db
        .updateTable('ajwt_user')
        .set({ disabled: Number(disabled) })
        .where('id', '=', id);
      await patiently(() => update.execute());
    },

    async removeUser(username) {
      await patiently(() =>
        db.transaction().execute(async (transaction) => {
          const { id } = await rowOfUser(transaction, username);
          await transaction
            .insertInto('ajwt_revoked_key')
            .columns(['fingerprint', 'revoked'])
            .expression(
              transaction
                .selectFrom('ajwt_key')
                .select(['fingerprint', (is) => is.ref('revoked').$notNull().as('revoked')])
                .where('user_id', '=', id)
                .where('revoked', 'is not', null),
            )
            .execute();
          await transaction.deleteFrom('ajwt_user').where('id', '=', id).execute();
        }),
      );
    },

    async addKey(username, key, { comment = key.comment, expires, createUser = false } = {}) {
      checkComment(comment);
      checkExpiry(expires, now());
      return patiently(() =>
        db.transaction().execute(async (transaction) => {
          const userAdded = createUser && (await insertUser(transaction, { username, disabled: 0, created: now() }));
          const { id } = await rowOfUser(transaction, username);
          const { fingerprint, kid, thumbprint } = key;
          await refuseRevoked(transaction, fingerprint);
          const beside = { comment: comment ?? null, expires: expires ?? null };
          const { numInsertedOrUpdatedRows } = await transaction
            .insertInto('ajwt_key')
            .values({
              ...{ fingerprint, kid, thumbprint, user_id: id, public_key: key.toPem(), alg: registeredAlgorithm(key) },
              ...beside,
              created: now(),
              revoked: null,
            })
            .onConflict((conflict) => conflict.doNothing())
            .executeTakeFirstOrThrow();
          const added = numInsertedOrUpdatedRows === 1n;
          const named = keysIn(transaction).where('k.fingerprint', '=', fingerprint);
          const present = keyOf(await named.executeTakeFirstOrThrow());
          refuseForeign(present, username);
          const changes = {
            ...(comment === undefined ? {} : { comment }),
            ...(expires === undefined ? {} : { expires }),
          };
          if (added || Object.keys(changes).length === 0) return { key: present, added, userAdded };
          await transaction.updateTable('ajwt_key').set(changes).where('fingerprint', '=', fingerprint).execute();
          return { key: { ...present, ...changes }, added, userAdded };
        }),
      );
    },

    async listKeys(username) {
      if (username === undefined) return (await keysIn(db).execute()).map(keyOf);
      const { id } = await rowOfUser(db, username);
      return (await keysIn(db).where('k.user_id', '=', id).execute()).map(keyOf);
    },

    async revokeKey(id) {
      const named = keysIn(db).where((is) =>
        is.or([is('k.fingerprint', '=', id), is('k.kid', '=', id.toLowerCase()), is('k.thumbprint', '=', id)]),
      );
      const found = await named.executeTakeFirst();
      if (found === undefined) {
        throw new DirectoryError('unknown_key', 'there is no such key; give its fingerprint, kid or thumbprint');
      }
      const at = now();
      const update = db
        .updateTable('ajwt_key')
        .set({ revoked: at })
        .where('fingerprint', '=', found.fingerprint)
        .where('revoked', 'is', null);
      const { numUpdatedRows } = await patiently(() => update.executeTakeFirstOrThrow());
      const revoked = numUpdatedRows === 1n;
      return { key: keyOf(revoked ? { ...found, revoked: at } : found), revoked };
    },
  };
}

/** Milliseconds that a change waits for other connections' changes. */
const DEADLINE = 5000;
const patiently = <T>(work: () => Promise<T>) => retryWhileBusy(work, DEADLINE);

/** The database, or a transaction in it. */
type Connection = Kysely<DirectoryTables>;

/** @returns whether the user was not there yet @throws DirectoryError `bad_username` */
async function insertUser(
  connection: Connection,
  row: { username: string; disabled: number; created: number },
): Promise<boolean> {
  if (!isUsername(row.username)) {
    throw new DirectoryError(
      'bad_username',
      'a username has 1 to 600 bytes, no control characters, and no space at its ends',
    );
  }
  const { numInsertedOrUpdatedRows } = await connection
    .insertInto('ajwt_user')
    .values(row)
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirstOrThrow();
  return numInsertedOrUpdatedRows === 1n;
}

/** @throws DirectoryError `unknown_user` */
async function rowOfUser(connection: Connection, username: string) {
  const row = await connection.selectFrom('ajwt_user').selectAll().where('username', '=', username).executeTakeFirst();
  if (row?.username === username) return row;
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
function refuseForeign({ fingerprint, username, revoked }: DirectoryKey, expected: string): void {
  if (username !== expected) {
    throw new KeyConflictError(`the key ${fingerprint} belongs to another user; revoke it there, and make a new one`);
  }
  if (revoked !== null) throw revokedError(fingerprint);
}

function userOf({
  username,
  disabled,
  created,
}: {
  username: string;
  disabled: number;
  created: number;
}): DirectoryUser {
  // Whatever a database makes of it, only 0 is enabled.
  return { username, disabled: disabled !== 0, created };
}

/** When the first of the keys that have not expired yet will. */
function nextExpiry(rows: readonly FoundRow[], now: number): number | undefined {
  const ahead = rows.flatMap(({ expires }) => (expires !== null && expires > now ? [expires] : []));
  return ahead.length === 0 ? undefined : Math.min(...ahead);
}

function stateOf({ expires, revoked }: Pick<FoundRow, 'expires' | 'revoked'>, now: number): KeyState {
  if (revoked !== null) return 'revoked';
  return expires !== null && expires <= now ? 'expired' : 'active';
}

/** Parsing a key costs more than a query: those that were used last stay. */
function keyParser(most: number): (fingerprint: string, pem: string, alg: string | null) => PublicKey {
  const parsed = new Map<string, PublicKey>();
  return (fingerprint, pem, alg) => {
    const id = `${alg ?? ''} ${pem}`;
    let key = parsed.get(id);
    if (key === undefined) {
      key = PublicKey.from(pem, alg === null ? {} : { alg: alg as AlgorithmName });
      // A row that somebody changed by hand must not let another key in under this one's name.
      if (key.fingerprint !== fingerprint) throw new Error(`the key ${fingerprint} was changed in the database`);
      if (parsed.size >= most) parsed.delete(parsed.keys().next().value as string);
    } else parsed.delete(id);
    parsed.set(id, key);
    return key;
  };
}

/** What a PEM does not say: the one algorithm of a key that takes fewer than its kind does. */
function registeredAlgorithm({ type, algorithms }: PublicKey): string | null {
  return type === 'rsa' && algorithms.length === 1 ? (algorithms[0] as string) : null;
}

function checkComment(comment: string | undefined): void {
  if (comment === undefined || (comment.length <= 500 && !/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u.test(comment))) return;
  throw new DirectoryError(
    'bad_comment',
    'a comment is one line of up to 500 characters, none of them a control character',
  );
}

function checkExpiry(expires: number | undefined, now: number): void {
  if (expires === undefined || (Number.isFinite(expires) && expires > now)) return;
  throw new DirectoryError('bad_expiry', 'the expiry date of a key lies ahead');
}
