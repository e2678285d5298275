/** Which tables and columns of an application have its users and their keys. */
import type { Kysely, Selectable } from 'kysely';
import type { KeyHint, KeyRecord, MaybePromise } from '../../core/contracts.ts';
import { checkMembers, checkOptions, clockOption, numberOption, type OptionKinds } from '../../core/options.ts';

/** Names of tables: those of Kysely's database type, or any where there is none. */
export type TableName<DB> = [unknown] extends [DB] ? string : keyof DB & string;

/** Names of a table's columns. */
export type ColumnName<DB, Table> = [unknown] extends [DB]
  ? string
  : Table extends keyof DB
    ? keyof DB[Table] & string
    : never;

/** A row of a table, as a query gives it. */
export type RowOf<DB, Table> = [unknown] extends [DB]
  ? Record<string, unknown>
  : Table extends keyof DB
    ? Selectable<DB[Table]>
    : never;

/** A column that is true for what counts, or one with the value that it has then: `'is_active'`, `['status', 'ACTIVE']`. */
export type ColumnCondition<Column> = Column | readonly [column: Column, value: string | number | boolean];

/** The users' table. */
export interface UsersMapping<Table, Column, Selected> {
  readonly table: Table;
  /** What the keys' table refers to. */
  readonly id: Column;
  /** The name that tokens carry: a text. It is compared exactly, whatever the collation of the column. */
  readonly username: Column;
  /** Users for whom it does not hold are disabled. */
  readonly active?: ColumnCondition<Column>;
  /** Users where anything but null, false or zero is in it are disabled: `'disabled'`, `'deleted_at'`. */
  readonly disabled?: Column;
  /** Columns that `result.user` has; default all of them, secret ones included. */
  readonly select?: readonly Selected[];
}

/** Where the keys are: in a table of their own, or in columns of the users' table. */
export type KeysMapping<UserColumn, Keys, KeyColumn> =
  | ({ readonly table: Keys; readonly userId: KeyColumn } & KeyColumns<KeyColumn>)
  | ({ readonly table?: never; readonly userId?: never } & KeyColumns<UserColumn>);

/** Columns of a key. */
export interface KeyColumns<Column> {
  /** The row's id: it names bad rows, and is needed for `lastUsed`. */
  readonly id?: Column;
  /** PEM, an OpenSSH line, or a JWK, as text, bytes or JSON. */
  readonly publicKey: Column;
  /** The one algorithm that the key is for, where that is not to be told from the key, such as `PS256`. */
  readonly alg?: Column;
  /** Keys for which it does not hold are revoked. */
  readonly active?: ColumnCondition<Column>;
  /** Keys where anything but null, false or zero is in it are revoked: `'revoked'`, `'revoked_at'`. */
  readonly revoked?: Column;
  /** From when on the key no longer counts: a date, seconds or milliseconds since the epoch, or a text of these. */
  readonly expires?: Column;
  /** Where to write when the key was last used. */
  readonly lastUsed?: LastUsedColumn<Column>;
}

/** A column that is written, in batches and once a minute at most. One that is not there is told of once, and left alone. */
export interface LastUsedColumn<Column> {
  readonly column: Column;
  /** The value to write, of seconds since the epoch: `(at) => new Date(at * 1000)`. */
  readonly value: (at: number) => unknown;
}

/**
 * Finds the keys at a URL that a token may have been signed with.
 *
 * @param hint - the token's own words, not yet verified; who ignores it is correct
 * @throws anything: unless another set has such keys, the request is answered `unavailable`
 */
export type FindJwksKeys = (url: string, hint: KeyHint) => MaybePromise<readonly KeyRecord[] | undefined | null>;

/** A table of URLs, each with a key set (RFC 7517 §5) whose keys are a user's. */
export interface JwksMapping<Table, Column> {
  readonly table: Table;
  readonly userId: Column;
  readonly url: Column;
  /** The row's id; needed for `lastUsed`. */
  readonly id?: Column;
  readonly lastUsed?: LastUsedColumn<Column>;
  /** Fetches a set, checks it and keeps it, such as `jwksClient().keysOf`. */
  readonly jwksKeys: FindJwksKeys;
}

/** A key that cannot be used, and is left out. */
export interface UnreadableKeyRow {
  /** Whose it is, as it stands in the database. */
  readonly username: string;
  /** The row's id, where the mapping names its column. */
  readonly id: unknown;
  /** What is wrong with it; a `KeyError` has a `code`. The key itself is never in the message. */
  readonly error: Error;
}

/** What a store over an application's own tables is told. */
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
  /** Told of each key that cannot be used, when it is first read: it is left out. */
  readonly onBadKey?: (bad: UnreadableKeyRow) => void;
  /** Told where it could not be written when keys were last used: that is tried again a minute later. */
  readonly onWriteError?: (error: unknown) => void;
  /** Keys that stay parsed in memory; 1 to 10 000 000, default 10 000, about 30 MB at most. */
  readonly maxParsedKeys?: number;
  /** Seconds since the epoch; default the wall clock. */
  readonly now?: () => number;
}

/** The options without their types: what the store works with. */
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
  const apart = keys?.table !== undefined;
  checkMembers('option keys', keys, KEYS, apart ? ['userId', 'publicKey'] : ['publicKey']);
  if (!apart && keys.userId !== undefined) throw new TypeError('option keys.userId: needs keys.table');
  if (jwks !== undefined) checkMembers('option jwks', jwks, JWKS, ['table', 'userId', 'url', 'jwksKeys']);
  for (const [name, of] of Object.entries({ keys, jwks })) {
    if (of?.lastUsed !== undefined && of.id === undefined)
      throw new TypeError(`option ${name}.lastUsed: needs ${name}.id`);
  }
  return { users, keys, jwks, onBadKey, onWriteError, maxParsedKeys, now };
}

/** What the options come to. */
export type Mapping = ReturnType<typeof readMapping>;

/** The application's own tables do not matter inside the store: its types are checked where it is made. */
// biome-ignore lint/suspicious/noExplicitAny: as above
export type AnyDatabase = Kysely<any>;
