/** Finds the users and keys of a Django site in the tables of the Python package `asymmetric_jwt_auth`. */
import { type Kysely, PostgresAdapter } from 'kysely';
import { hintedStore } from '../../core/hinted.ts';
import { checkMembers, checkOptions, type OptionKinds } from '../../core/options.ts';
import { checkKysely } from '../../kysely/kysely-instance.ts';
import { mappedStore, type SqlKeyStore } from '../shared/mapped-key-store.ts';
import type { AnyDatabase, ColumnName, FindJwksKeys, RowOf, TableName, UnreadableKeyRow } from '../shared/mapping.ts';
import { isHeld } from '../shared/row-values.ts';

/** A user of `django.contrib.auth`, without its password. */
export interface DjangoUser {
  readonly id: number;
  readonly username: string;
  readonly email: string;
  readonly first_name: string;
  readonly last_name: string;
  readonly is_staff: boolean;
  readonly is_superuser: boolean;
}

/** Describes the custom user model of a site (`AUTH_USER_MODEL`). */
export interface DjangoUsersMapping<Table, Column, Selected> {
  /** The model's `db_table`, such as `accounts_user`. */
  readonly table: Table;
  /** The primary key; default `id`. */
  readonly id?: Column;
  /** The column that contains the username in tokens; default `username`. */
  readonly username?: Column;
  /**
   * The column that is true for active users; default `is_active`. With `null`, no user is disabled; use it if the model has no such
   * column.
   */
  readonly active?: Column | null;
  /** The columns in `result.user`; default all columns except `password`. */
  readonly select?: readonly Selected[];
}

/** Options of {@link djangoKeyStore}. */
export interface DjangoKeyStoreOptions {
  /**
   * Fetches, checks and caches the JWK sets that the site trusts, such as `jwksClient()`. The package has supported such sets since version
   * 1.0. By default, the store ignores them.
   */
  readonly jwks?: { readonly jwksKeys: FindJwksKeys };
  /** Whether to write `last_used_on`, as the package does; default true. */
  readonly lastUsed?: boolean;
  /** Called when the store first reads an unusable key, which it then skips. */
  readonly onBadKey?: (bad: UnreadableKeyRow) => void;
  /** Called when `last_used_on` cannot be written. The write is repeated a minute later. */
  readonly onWriteError?: (error: unknown) => void;
  /** Maximum number of parsed keys in memory; default 10 000. */
  readonly maxParsedKeys?: number;
}

const OPTIONS: OptionKinds<DjangoKeyStoreOptions & { users: unknown }> = {
  users: 'object',
  jwks: 'object',
  lastUsed: 'boolean',
  onBadKey: 'function',
  onWriteError: 'function',
  maxParsedKeys: 'any',
};
const USERS: OptionKinds<DjangoUsersMapping<string, string, string>> = {
  table: 'text',
  id: 'text',
  username: 'text',
  active: 'any',
  select: 'array',
};
const FLAGS = ['is_staff', 'is_superuser'] as const;
const DJANGO_USER = ['id', 'username', 'email', 'first_name', 'last_name', ...FLAGS] as const;

/**
 * Creates a key store over the database of a Django site. A change that the site makes takes effect at the next request.
 *
 * @param database - a `Kysely` instance
 * @param options - {@link DjangoKeyStoreOptions}
 * @returns a store; close it before you destroy the database
 * @throws TypeError for an option that is unknown or out of range; the message names the option
 *
 * @example
 * ```ts
 * import { djangoKeyStore, nodeSqliteDialect } from 'asymmetric-jwt-auth/sql';
 * import { Kysely } from 'kysely';
 *
 * const db = new Kysely<unknown>({ dialect: nodeSqliteDialect(':memory:') }); // or the path of db.sqlite3
 * const keys = djangoKeyStore(db, { onBadKey: ({ username, error }) => console.warn(username, error.message) });
 * await keys.close();
 * await db.destroy();
 * ```
 */
export function djangoKeyStore(
  // biome-ignore lint/suspicious/noExplicitAny: the site's own tables do not matter here
  database: Kysely<any>,
  options?: DjangoKeyStoreOptions & { readonly users?: undefined },
): SqlKeyStore<DjangoUser>;
/**
 * Creates a key store over the database of a Django site with a custom user model.
 *
 * @param database - a `Kysely` instance; `result.user` has the row type of the users' table
 * @param options - {@link DjangoKeyStoreOptions}, and `users`: a {@link DjangoUsersMapping}
 * @returns a store; close it before you destroy the database
 * @throws TypeError for an option that is unknown or out of range; the message names the option
 *
 * @example
 * ```ts
 * import { djangoKeyStore, nodeSqliteDialect } from 'asymmetric-jwt-auth/sql';
 * import { Kysely } from 'kysely';
 *
 * interface Account { id: number; email: string; is_active: number; password: string }
 * const db = new Kysely<{ accounts_user: Account }>({ dialect: nodeSqliteDialect(':memory:') });
 * const keys = djangoKeyStore(db, { users: { table: 'accounts_user', username: 'email' } });
 * await keys.close();
 * await db.destroy();
 * ```
 */
export function djangoKeyStore<
  DB,
  Users extends TableName<DB>,
  Selected extends ColumnName<DB, Users> = Exclude<ColumnName<DB, Users>, 'password'>,
>(
  database: Kysely<DB>,
  options: DjangoKeyStoreOptions & { readonly users: DjangoUsersMapping<Users, ColumnName<DB, Users>, Selected> },
): SqlKeyStore<Pick<RowOf<DB, Users>, Selected & keyof RowOf<DB, Users>>>;
export function djangoKeyStore(
  database: AnyDatabase,
  options: DjangoKeyStoreOptions & { readonly users?: DjangoUsersMapping<string, string, string> | undefined } = {},
): SqlKeyStore<unknown> {
  checkKysely(database);
  checkOptions(options, OPTIONS);
  const { users, jwks, lastUsed = true, ...others } = options;
  if (users !== undefined) checkMembers('option users', users, USERS, ['table']);
  const { table = 'auth_user', id = 'id', username = 'username', active = 'is_active' } = users ?? {};
  const select = users === undefined ? DJANGO_USER : users.select;
  const noted = lastUsed ? { id: 'id', lastUsed: { column: 'last_used_on', value: momentIn(database) } } : { id: 'id' };
  const store = mappedStore(database, {
    users: { table, id, username, ...(active === null ? {} : { active }), ...(select === undefined ? {} : { select }) },
    keys: { table: 'asymmetric_jwt_auth_publickey', userId: 'user_id', publicKey: 'key', ...noted },
    ...(jwks === undefined
      ? {}
      : {
          jwks: {
            ...{ table: 'asymmetric_jwt_auth_jwksendpointtrust', userId: 'user_id', url: 'jwks_url', ...noted },
            jwksKeys: (url, hint) => jwks.jwksKeys(url, hint),
          },
        }),
    ...others,
  });
  const toUser = users === undefined ? withFlags : users.select === undefined ? withoutPassword : (row: Row) => row;
  const find: SqlKeyStore<unknown>['find'] = async (name, hint) => {
    const record = await store.find(name, hint);
    return record && { ...record, user: toUser(record.user) };
  };
  return jwks === undefined ? { ...store, find } : hintedStore({ ...store, find });
}

type Row = Readonly<Record<string, unknown>>;

/** Converts the flags of a row to booleans, because SQLite and MySQL return numbers. */
function withFlags(row: Row): Row {
  return { ...row, ...Object.fromEntries(FLAGS.map((flag) => [flag, isHeld(row[flag])])) };
}

function withoutPassword({ password: _, ...row }: Row): Row {
  return row;
}

/** Returns a function that formats times as Django does: in UTC, and with a time zone on PostgreSQL. */
function momentIn(database: AnyDatabase): (at: number) => string {
  const zone = database.getExecutor().adapter instanceof PostgresAdapter ? '+00' : '';
  return (at) => `${new Date(at * 1000).toISOString().slice(0, 19).replace('T', ' ')}${zone}`;
}
