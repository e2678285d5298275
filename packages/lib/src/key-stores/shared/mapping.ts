/** Describes the tables and columns in which an application keeps its users and keys. */
import type { Kysely, Selectable } from 'kysely';
import type { KeyHint, KeyRecord, MaybePromise } from '../../core/contracts.ts';
import { checkMembers, checkOptions, clockOption, numberOption, type OptionKinds } from '../../core/options.ts';

/** Names of tables: those of Kysely's database type, or any string if it has no type. */
export type TableName<DB> = [unknown] extends [DB] ? string : keyof DB & string;

/** Names of a table's columns. */
export type ColumnName<DB, Table> = [unknown] extends [DB]
  ? string
  : Table extends keyof DB
    ? keyof DB[Table] & string
    : never;

/** A row of a table, as a query returns it. */
export type RowOf<DB, Table> = [unknown] extends [DB]
  ? Record<string, unknown>
  : Table extends keyof DB
    ? Selectable<DB[Table]>
    : never;

/** A boolean column, or a column and the value that it must have: `'is_active'`, `['status', 'ACTIVE']`. */
export type ColumnCondition<Column> = Column | readonly [column: Column, value: string | number | boolean];

/** The users' table. */
export interface UsersMapping<Table, Column, Selected> {
  readonly table: Table;
  /** The column that `keys.userId` refers to. */
  readonly id: Column;
  /** The text column that the `username` of tokens is compared with: exactly, whatever its collation. */
  readonly username: Column;
  /** Users that do not meet this condition are disabled. */
  readonly active?: ColumnCondition<Column>;
  /** Users with anything but null, false or zero in this column are disabled: `'disabled'`, `'deleted_at'`. */
  readonly disabled?: Column;
  /** Columns of `result.user`; default all columns, including secret ones. */
  readonly select?: readonly Selected[];
}

/** Where the keys are: in a separate table, or in columns of the users' table. */
export type KeysMapping<UserColumn, Keys, KeyColumn> =
  | ({ readonly table: Keys; readonly userId: KeyColumn } & KeyColumns<KeyColumn>)
  | ({ readonly table?: never; readonly userId?: never } & KeyColumns<UserColumn>);

/** Columns of a key. */
export interface KeyColumns<Column> {
  /** The row's id, for `onBadKey`; required for `lastUsed`. */
  readonly id?: Column;
  /** PEM, an OpenSSH line, or a JWK, as text, bytes or JSON. */
  readonly publicKey: Column;
  /** The one algorithm that the key is for, such as `PS256`; needed only if it differs from the default for the kind of key. */
  readonly alg?: Column;
  /** Keys that do not meet this condition are revoked. */
  readonly active?: ColumnCondition<Column>;
  /** Keys with anything but null, false or zero in this column are revoked: `'revoked'`, `'revoked_at'`. */
  readonly revoked?: Column;
  /** When the key expires: a date, seconds or milliseconds since the epoch, or any of these as text. */
  readonly expires?: Column;
  /** The column in which to write when the key was last used. */
  readonly lastUsed?: LastUsedColumn<Column>;
}

/** A column that is written at most once a minute. If it is missing, `onWriteError` is called once, and nothing is written. */
export interface LastUsedColumn<Column> {
  readonly column: Column;
  /** Converts seconds since the epoch to the value to write: `(at) => new Date(at * 1000)`. */
  readonly value: (at: number) => unknown;
}

/**
 * Finds the keys at a URL with which a token may have been signed.
 *
 * @param hint - what the token says about its key, not yet verified; you may ignore it
 * @throws anything: the request is refused as `unavailable`, unless another set has matching keys
 */
export type FindJwksKeys = (url: string, hint: KeyHint) => MaybePromise<readonly KeyRecord[] | undefined | null>;

/** A table with the URLs of users' JWK sets (RFC 7517 §5). */
export interface JwksMapping<Table, Column> {
  readonly table: Table;
  readonly userId: Column;
  readonly url: Column;
  /** The row's id; required for `lastUsed`. */
  readonly id?: Column;
  readonly lastUsed?: LastUsedColumn<Column>;
  /** Fetches, checks and caches a set, such as `jwksClient().jwksKeys`. */
  readonly jwksKeys: FindJwksKeys;
}

/** A key that cannot be used, and is skipped. */
export interface UnreadableKeyRow {
  /** The key's user, as in the database. */
  readonly username: string;
  /** The row's id, if the mapping names its column. */
  readonly id: unknown;
  /** Why the key cannot be used; a `KeyError` has a `code`. The message never contains the key. */
  readonly error: Error;
}

/** Options of {@link sqlKeyStore}. */
export interface SqlKeyStoreOptions<
  DB,
  Users extends TableName<DB>,
  Keys extends TableName<DB>,
  Selected extends ColumnName<DB, Users>,
  Sets extends TableName<DB> = never,
> {
  readonly users: UsersMapping<Users, ColumnName<DB, Users>, Selected>;
  readonly keys: KeysMapping<ColumnName<DB, Users>, Keys, ColumnName<DB, Keys>>;
  readonly jwks?: JwksMapping<Sets, ColumnName<DB, Sets>>;
  /** Called when a key that cannot be used is first read. The key is skipped. */
  readonly onBadKey?: (bad: UnreadableKeyRow) => void;
  /** Called when a write of `lastUsed` fails. It is repeated a minute later. */
  readonly onWriteError?: (error: unknown) => void;
  /** Number of keys that stay parsed in memory; 1 to 10 000 000, default 10 000, which take at most about 30 MB. */
  readonly maxParsedKeys?: number;
  /** Returns seconds since the epoch; default the wall clock. */
  readonly now?: () => number;
}

/** The options without the types of the application's tables. */
export type AnyOptions = SqlKeyStoreOptions<unknown, string, string, string, string>;

const OPTIONS: OptionKinds<AnyOptions> = {
  users: 'object',
  keys: 'object',
  jwks: 'object',
  onBadKey: 'function',
  onWriteError: 'function',
  maxParsedKeys: 'any',
  now: 'function',
};
const USERS: OptionKinds<AnyOptions['users']> = {
  table: 'text',
  id: 'text',
  username: 'text',
  active: 'any',
  disabled: 'text',
  select: 'array',
};
const KEYS: OptionKinds<KeyColumns<string> & { table: string; userId: string }> = {
  table: 'text',
  userId: 'text',
  id: 'text',
  publicKey: 'text',
  alg: 'text',
  active: 'any',
  revoked: 'text',
  expires: 'text',
  lastUsed: 'object',
};
const JWKS: OptionKinds<JwksMapping<string, string>> = {
  table: 'text',
  userId: 'text',
  url: 'text',
  id: 'text',
  lastUsed: 'object',
  jwksKeys: 'function',
};

/** @throws TypeError for an option that is unknown, missing, or of another kind; the message names it */
export function readMapping(options: AnyOptions) {
  checkOptions(options, OPTIONS);
  const { users, keys, jwks, onBadKey, onWriteError } = options;
  const now = clockOption(options.now);
  const maxParsedKeys = numberOption('maxParsedKeys', options.maxParsedKeys, 10_000, 1, 10_000_000);
  checkMembers('option users', users, USERS, ['table', 'id', 'username']);
  const hasKeysTable = keys?.table !== undefined;
  checkMembers('option keys', keys, KEYS, hasKeysTable ? ['userId', 'publicKey'] : ['publicKey']);
  if (!hasKeysTable && keys.userId !== undefined) throw new TypeError('option keys.userId: needs keys.table');
  if (jwks !== undefined) checkMembers('option jwks', jwks, JWKS, ['table', 'userId', 'url', 'jwksKeys']);
  for (const [name, of] of Object.entries({ keys, jwks })) {
    if (of?.lastUsed !== undefined && of.id === undefined)
      throw new TypeError(`option ${name}.lastUsed: needs ${name}.id`);
  }
  return { users, keys, jwks, onBadKey, onWriteError, maxParsedKeys, now };
}

/** The checked options. */
export type Mapping = ReturnType<typeof readMapping>;

/** Types of the application's tables are checked when a store is created, and not inside the store. */
// biome-ignore lint/suspicious/noExplicitAny: as above
export type AnyDatabase = Kysely<any>;
