/** Describes the tables and columns in which an application keeps its users and keys. */
import type { Kysely, Selectable } from 'kysely';
import type { KeyHint, KeyRecord, MaybePromise } from '../../core/contracts.ts';
import { checkMembers, checkOptions, clockOption, numberOption, type OptionKinds } from '../../core/options.ts';

/** Names of tables: the tables in Kysely's database type, or any string if that type is `unknown`. */
export type TableName<DB> = [unknown] extends [DB] ? string : keyof DB & string;

/** Names of a table's columns. */
export type ColumnName<DB, Table> = [unknown] extends [DB]
  ? string
  : Table extends keyof DB
    ? keyof DB[Table] & string
    : never;

/** A row of a table as a query returns it. */
export type RowOf<DB, Table> = [unknown] extends [DB]
  ? Record<string, unknown>
  : Table extends keyof DB
    ? Selectable<DB[Table]>
    : never;

/** A boolean column such as `'is_active'`, or a column with its required value, such as `['status', 'ACTIVE']`. */
export type ColumnCondition<Column> = Column | readonly [column: Column, value: string | number | boolean];

/** Describes the users' table. */
export interface UsersMapping<Table, Column, Selected> {
  readonly table: Table;
  /** The column that `keys.userId` refers to. */
  readonly id: Column;
  /** The text column that contains the username. It must exactly equal the username in the token, whatever the collation. */
  readonly username: Column;
  /** Users that do not meet this condition are disabled. */
  readonly active?: ColumnCondition<Column>;
  /** A column such as `'disabled'` or `'deleted_at'`. A user is disabled if its value is not null, false or zero. */
  readonly disabled?: Column;
  /** The columns in `result.user`; default all columns, including secret ones. */
  readonly select?: readonly Selected[];
}

/** Describes where the keys are: in a separate table, or in columns of the users' table. */
export type KeysMapping<UserColumn, Keys, KeyColumn> =
  | ({ readonly table: Keys; readonly userId: KeyColumn } & KeyColumns<KeyColumn>)
  | ({ readonly table?: never; readonly userId?: never } & KeyColumns<UserColumn>);

/** Describes the columns of a key. */
export interface KeyColumns<Column> {
  /** The id of the row. It is passed to `onBadKey`, and is required for `lastUsed`. */
  readonly id?: Column;
  /** The public key as PEM, OpenSSH line or JWK, in a column of text, bytes or JSON. */
  readonly publicKey: Column;
  /** The only algorithm that the key accepts, such as `PS256`. It is needed only if it is not the default for the type of key. */
  readonly alg?: Column;
  /** Keys that do not meet this condition are revoked. */
  readonly active?: ColumnCondition<Column>;
  /** A column such as `'revoked'` or `'revoked_at'`. A key is revoked if its value is not null, false or zero. */
  readonly revoked?: Column;
  /** When the key expires: a date, seconds or milliseconds since the epoch, or any of these as text. */
  readonly expires?: Column;
  /** The column in which the store records when the key was last used. */
  readonly lastUsed?: LastUsedColumn<Column>;
}

/** A column that is written at most once a minute. If the table lacks the column, `onWriteError` is called once, and nothing is written. */
export interface LastUsedColumn<Column> {
  readonly column: Column;
  /** Converts seconds since the epoch to the value of the column, for example `(at) => new Date(at * 1000)`. */
  readonly value: (at: number) => unknown;
}

/**
 * Finds the keys at a URL that may have signed a token.
 *
 * @param hint - what the token says about its key, not yet verified; you may ignore it
 * @throws any error; the request is then refused with the reason `unavailable`, unless another set has matching keys
 */
export type FindJwksKeys = (url: string, hint: KeyHint) => MaybePromise<readonly KeyRecord[] | undefined | null>;

/** Describes a table with the URLs of users' JWK sets (RFC 7517 §5). */
export interface JwksMapping<Table, Column> {
  readonly table: Table;
  readonly userId: Column;
  readonly url: Column;
  /** The id of the row; required for `lastUsed`. */
  readonly id?: Column;
  readonly lastUsed?: LastUsedColumn<Column>;
  /** Fetches, checks and caches a set, such as `jwksClient().jwksKeys`. */
  readonly jwksKeys: FindJwksKeys;
}

/** An unusable key, which the store skips. */
export interface UnreadableKeyRow {
  /** The username of the key's user, as in the database. */
  readonly username: string;
  /** The id of the row, if the mapping names its column. */
  readonly id: unknown;
  /** The reason why the key cannot be used, often a `KeyError` with a `code`. The message never contains the key. */
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
  /** Called when the store first reads an unusable key, which it then skips. */
  readonly onBadKey?: (bad: UnreadableKeyRow) => void;
  /** Called when `lastUsed` cannot be written. The write is repeated a minute later. */
  readonly onWriteError?: (error: unknown) => void;
  /** Maximum number of parsed keys in memory, from 1 to 10 000 000; default 10 000, which take at most about 30 MB. */
  readonly maxParsedKeys?: number;
  /** Returns seconds since the epoch; the default is the wall clock. */
  readonly now?: () => number;
}

/** The options, without the types of the application's tables. */
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

/**
 * Checks the options.
 *
 * @throws TypeError for an option that is unknown, missing, or of a wrong type; the message names the option
 */
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

/** A database with any tables. The types of an application's tables matter only when it creates a store, not inside the store. */
// biome-ignore lint/suspicious/noExplicitAny: the store accepts any tables
export type AnyDatabase = Kysely<any>;
