/** The users and keys that a Django site manages with the Python package `asymmetric_jwt_auth`: its tables, as they are. */
import { type Kysely, PostgresAdapter } from 'kysely';
import { hintedStore } from '../../core/hinted.ts';
import { checkMembers, checkOptions, type OptionKinds } from '../../core/options.ts';
import { checkKysely } from '../../kysely/kysely-instance.ts';
import { mappedStore, type SqlKeyStore } from '../shared/mapped-key-store.ts';
import type { AnyDatabase, ColumnName, FindJwksKeys, RowOf, TableName, UnreadableKeyRow } from '../shared/mapping.ts';
import { isHeld } from '../shared/row-values.ts';

/** The user of `django.contrib.auth`, without its password. */
export interface DjangoUser {
  readonly id: number;
  readonly username: string;
  readonly email: string;
  readonly first_name: string;
  readonly last_name: string;
  readonly is_staff: boolean;
  readonly is_superuser: boolean;
}

/** A site's own model of users (`AUTH_USER_MODEL`). */
export interface DjangoUsersMapping<Table, Column, Selected> {
  /** `db_table`, such as `accounts_user`. */
  readonly table: Table;
  /** The primary key; default `id`. */
  readonly id?: Column;
  /** The field whose value tokens carry; default `username`. */
  readonly username?: Column;
  /** Default `is_active`; null where the model has no such column, so that nobody is ever disabled. */
  readonly active?: Column | null;
  /** Columns that `result.user` has; default all but `password`. */
  readonly select?: readonly Selected[];
}

/** What a store over a Django site's tables may be told. */
export interface DjangoKeyStoreOptions {
  /**
   * Fetches the key sets whose URLs the site has beside its users, and checks and keeps them, such as `jwksClient()`. Default: no
   * such key counts. The package has them since 1.0.
   */
  readonly jwks?: { readonly jwksKeys: FindJwksKeys };
  /** Whether to write `last_used_on`, as the package does; default true. */
  readonly lastUsed?: boolean;
  /** Told of each key that cannot be used, when it is first read: it is left out. */
  readonly onBadKey?: (bad: UnreadableKeyRow) => void;
  /** Told where `last_used_on` could not be written: that is tried again a minute later. */
  readonly onWriteError?: (error: unknown) => void;
  /** Keys that stay parsed in memory; default 10 000. */
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
 * Makes a key store over the database of a Django site. What is changed there counts for the next request here.
 *
 * @param database - a `Kysely` instance
 * @param options - {@link DjangoKeyStoreOptions}; for a site with its own model of users, `users` says which table that is
 * @returns a store; it is closed before the database is destroyed
 * @throws TypeError for an option that is unknown or out of its range; the message names it
 */
export function djangoKeyStore(
  // biome-ignore lint/suspicious/noExplicitAny: the site's own tables do not matter here
  database: Kysely<any>,
  options?: DjangoKeyStoreOptions & { readonly users?: undefined },
): SqlKeyStore<DjangoUser>;
/**
 * Makes a key store over the database of a Django site with its own model of users.
 *
 * @param database - a `Kysely` instance; its type gives `result.user` the type of a row
 * @param options - {@link DjangoKeyStoreOptions}, and in `users` which table that is
 * @returns a store; it is closed before the database is destroyed
 * @throws TypeError for an option that is unknown or out of its range; the message names it
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

/** SQLite and MySQL have numbers for flags. */
function withFlags(row: Row): Row {
  return { ...row, ...Object.fromEntries(FLAGS.map((flag) => [flag, isHeld(row[flag])])) };
}

function withoutPassword({ password: _, ...row }: Row): Row {
  return row;
}

/** As Django writes moments: in UTC; with a zone only where the column has one. */
function momentIn(database: AnyDatabase): (at: number) => string {
  const zone = database.getExecutor().adapter instanceof PostgresAdapter ? '+00' : '';
  return (at) => `${new Date(at * 1000).toISOString().slice(0, 19).replace('T', ' ')}${zone}`;
}
