/** Defines the interface of a directory of users and public keys. */
import { CodedError } from '../../core/coded-error.ts';
import type { KeyHint, KeyState, KeyStore, Readiness, UserRecord, VerificationKey } from '../../core/contracts.ts';
import type { PublicKey } from '../../keys/public-key.ts';

/** A user of the directory. */
export interface DirectoryUser {
  readonly username: string;
  readonly disabled: boolean;
  /** Seconds since the epoch. */
  readonly created: number;
}

/** A key of the directory. All times are seconds since the epoch. */
export interface DirectoryKey {
  readonly username: string;
  readonly fingerprint: string;
  readonly kid: string;
  readonly thumbprint: string;
  readonly state: KeyState;
  readonly key: PublicKey;
  readonly comment: string | null;
  readonly created: number;
  readonly expires: number | null;
  /** When the key was retired, because another key replaces it. */
  readonly retired: number | null;
  readonly revoked: number | null;
  /** When a request with the key was first accepted; written a second later. */
  readonly firstUsed: number | null;
  /** When a request with the key was last accepted, to the minute; the first two uses are written a second later. */
  readonly lastUsed: number | null;
  /** The last time, to the minute, at which a request named the key after it was revoked or retired, or had expired. No signature proves such a request. */
  readonly lastRefused: number | null;
}

/** A JWK set whose keys a user may sign with. */
export interface DirectoryJwks {
  readonly username: string;
  readonly url: string;
  /** Seconds since the epoch. */
  readonly created: number;
}

/** Options of {@link Directory.addJwks}. */
export interface DirectoryJwksOptions {
  /** Whether to add the user if it is missing, in the same transaction. */
  readonly createUser?: boolean;
  /** Hosts that may have private addresses, written as in URLs, without a port. Default: none. */
  readonly privateHosts?: readonly string[];
}

/** The result of {@link Directory.addJwks}. */
export interface AddedJwks {
  readonly jwks: DirectoryJwks;
  /** Whether the call added the JWK set, which the user did not have before. */
  readonly added: boolean;
  /** Whether the call also added the user. */
  readonly userAdded: boolean;
}

/** Options of {@link Directory.addKey}. */
export interface DirectoryKeyOptions {
  /** A comment for people; the default is the comment of the OpenSSH line that the key was imported from. */
  readonly comment?: string | undefined;
  /** When the key expires, in seconds since the epoch. */
  readonly expires?: number | undefined;
  /** Whether to add the user if it is missing, in the same transaction. */
  readonly createUser?: boolean;
  /** Whether the key will replace a key that is still in use. Both are accepted until {@link Directory.retireKey} retires the old key. */
  readonly staged?: boolean;
  /** Allows a key that another user already has. Such a key alone does not identify its user. Use this only to import existing data. */
  readonly allowShared?: boolean;
}

/** The result of {@link Directory.addKey}. */
export interface AddedKey {
  readonly key: DirectoryKey;
  /** Whether the call added the key, which the user did not have before. */
  readonly added: boolean;
  /** Whether the call also added the user. */
  readonly userAdded: boolean;
}

/** Changes for {@link Directory.changeKey}. */
export interface KeyChanges {
  readonly comment?: string | undefined;
  /** When the key expires, in seconds since the epoch; `null` for never. */
  readonly expires?: number | null | undefined;
}

/** The result of a change that withdraws access. Such a change succeeds even if the audit trail cannot be written. */
export interface UrgentChange {
  /** Whether the change is in the audit trail. If it is not, tell an operator. */
  readonly audited: boolean;
}

/** Selects a page of a list. */
export interface PageQuery {
  /** The value of `next` in the previous page. */
  readonly after?: string | undefined;
  /** Maximum number of items, from 1 to 1000; default 100. */
  readonly limit?: number | undefined;
}

/** A page of a list. */
export interface Page<Item> {
  readonly items: readonly Item[];
  /** The value of `after` for the next page; `undefined` if this is the last page. */
  readonly next: string | undefined;
}

export type AuditAction =
  | 'user.add'
  | 'user.disable'
  | 'user.enable'
  | 'user.remove'
  | 'key.add'
  | 'key.change'
  | 'key.retire'
  | 'key.promote'
  | 'key.revoke'
  | 'jwks.add'
  | 'jwks.remove';

/** An entry of the audit trail: who changed what. */
export interface AuditEntry {
  /** The id of the entry. Pass it as `after` to get the page that begins with the next entry. */
  readonly id: string;
  /** Seconds since the epoch. */
  readonly at: number;
  readonly actor: string;
  readonly action: AuditAction;
  /** The user who was changed. */
  readonly subject: string;
  /** The fingerprint of the key or the URL of the JWK set, and the new values. */
  readonly details: Readonly<Record<string, unknown>>;
}

/** Selects a page of the audit trail. */
export interface AuditQuery extends PageQuery {
  /** Selects only entries about this user. */
  readonly subject?: string | undefined;
  /** Selects the newest entries instead of the oldest. The newest entry is still the last one in the page. */
  readonly newest?: boolean;
}

/**
 * - `bad_username`: no token can have this username
 * - `bad_comment`, `bad_expiry`: the comment or the expiry date is not valid
 * - `bad_query`: the page or the search is not valid
 * - `bad_url`, `forbidden_address`: JWK sets cannot be fetched from this URL
 * - `unknown_user`, `unknown_key`, `unknown_jwks`: the user, key or JWK set is not in the directory
 * - `user_exists`: the username is taken
 * - `key_revoked`: a revoked key cannot be used again
 * - `not_replaced`: a key cannot be retired before another key of the user has been used
 */
export type DirectoryErrorCode =
  | 'bad_username'
  | 'bad_comment'
  | 'bad_expiry'
  | 'bad_query'
  | 'bad_url'
  | 'forbidden_address'
  | 'unknown_user'
  | 'unknown_key'
  | 'unknown_jwks'
  | 'user_exists'
  | 'key_revoked'
  | 'not_replaced';

/**
 * Thrown when the directory refuses a change. The message says what to do instead.
 *
 * @example
 * ```ts
 * import { DirectoryError, nodeSqliteDialect, sqlDirectory } from 'asymmetric-jwt-auth/sql';
 * import { Kysely } from 'kysely';
 *
 * const db = new Kysely<unknown>({ dialect: nodeSqliteDialect(':memory:') });
 * const directory = sqlDirectory(db);
 * await directory.migrate();
 * await directory.removeUser('guido').catch((error: unknown) => {
 *   if (error instanceof DirectoryError) console.log(error.code); // unknown_user
 * });
 * await db.destroy();
 * ```
 */
export class DirectoryError extends CodedError<DirectoryErrorCode> {
  override readonly name = 'DirectoryError';
}

/**
 * A key store with methods that change its users and keys. Every change takes effect at the next `find` in every process, and is written to
 * the audit trail in the same transaction.
 */
export interface Directory extends KeyStore<DirectoryUser> {
  /**
   * Finds a user with its keys in every state.
   *
   * @param username - the username, compared exactly
   * @param hint - what the token says about its key, not yet verified
   * @returns the user, or `undefined` if there is no such user
   * @throws any error of the database
   */
  find(username: string, hint: KeyHint): Promise<UserRecord<DirectoryUser> | undefined>;
  /**
   * Checks that users can be found, by running the query that finds one.
   *
   * @returns `ready`
   * @throws any error of the database
   */
  readiness(): Promise<Readiness>;
  /**
   * Creates the tables, or brings them up to date.
   *
   * @returns the names of the migrations that this call has run, in order
   */
  migrate(): Promise<readonly string[]>;
  /**
   * Finds the migrations that the database lacks.
   *
   * @returns the names of these migrations, in order; a new database lacks all of them
   */
  pendingMigrations(): Promise<readonly string[]>;
  /**
   * Returns the same directory with another actor in the audit trail.
   *
   * @param actor - the name of the actor: 1 to 200 characters, without control characters
   * @returns a directory over the same database
   * @throws TypeError if the name is not valid
   */
  withActor(actor: string): Directory;

  /**
   * Adds a user without keys.
   *
   * @param username - 1 to 600 bytes of UTF-8, without control characters, and without white space at its ends
   * @returns the user
   * @throws DirectoryError `bad_username`, `user_exists`
   */
  addUser(username: string): Promise<DirectoryUser>;
  /**
   * Lists users by name, in the order of code points.
   *
   * @param query - {@link PageQuery}, and `search`: a part of the username; the case of ASCII letters is ignored
   * @returns a page of users
   * @throws DirectoryError `bad_query`
   */
  listUsers(query?: PageQuery & { readonly search?: string | undefined }): Promise<Page<DirectoryUser>>;
  /**
   * Finds one user.
   *
   * @param username - the username, compared exactly
   * @returns the user
   * @throws DirectoryError `unknown_user`
   */
  getUser(username: string): Promise<DirectoryUser>;
  /**
   * Disables or enables a user.
   *
   * @param username - the username, compared exactly
   * @param disabled - whether to refuse the user's tokens; `true` succeeds even if the audit trail cannot be written
   * @returns whether the change is in the audit trail
   * @throws DirectoryError `unknown_user`
   */
  setDisabled(username: string, disabled: boolean): Promise<UrgentChange>;
  /**
   * Removes a user and its keys. Its revoked keys stay revoked for every user.
   *
   * @param username - the username, compared exactly
   * @throws DirectoryError `unknown_user`
   */
  removeUser(username: string): Promise<void>;

  /**
   * Adds a key. If the user already has the key, changes its comment and expiry, if given, and makes a retired key active again.
   *
   * @param username - the username, compared exactly
   * @param key - the public key
   * @param options - {@link DirectoryKeyOptions}
   * @returns the key after the change, and what was added
   * @throws DirectoryError `unknown_user`, `bad_username`, `bad_comment`, `bad_expiry`, `key_revoked`
   * @throws KeyConflictError if another user has the key
   */
  addKey(username: string, key: PublicKey, options?: DirectoryKeyOptions): Promise<AddedKey>;
  /**
   * Lists the keys of one user or of all users, the oldest first.
   *
   * @param query - {@link PageQuery}, and `username`; default all users
   * @returns a page of keys in every state
   * @throws DirectoryError `unknown_user`, `bad_query`
   */
  listKeys(query?: PageQuery & { readonly username?: string | undefined }): Promise<Page<DirectoryKey>>;
  /**
   * Changes the comment or the expiry of a key, for all users who share it.
   *
   * @param id - the `SHA256:` fingerprint, kid or thumbprint of the key
   * @param changes - {@link KeyChanges}; omitted members are not changed
   * @returns the changed key of each user who has it
   * @throws DirectoryError `unknown_key`, `bad_comment`, `bad_expiry`, `key_revoked`
   */
  changeKey(id: string, changes: KeyChanges): Promise<readonly DirectoryKey[]>;
  /**
   * Retires a key that another key replaces. The user's staged keys become active if they have been used.
   *
   * @param id - the `SHA256:` fingerprint, kid or thumbprint of the key
   * @param options - `force`: whether to retire the key even if no other key of the user has been used
   * @returns the changed key of each user who has it
   * @throws DirectoryError `unknown_key`, `key_revoked`, `not_replaced`
   */
  retireKey(id: string, options?: { readonly force?: boolean }): Promise<readonly DirectoryKey[]>;
  /**
   * Revokes a key permanently, for all users who share it. This succeeds even if the audit trail cannot be written.
   *
   * @param id - the `SHA256:` fingerprint, kid or thumbprint of the key
   * @returns the revoked key of each user who has it, and `revoked`: whether this call has revoked it
   * @throws DirectoryError `unknown_key`
   */
  revokeKey(id: string): Promise<UrgentChange & { readonly keys: readonly DirectoryKey[]; readonly revoked: boolean }>;

  /**
   * Lets a user sign with the keys of a JWK set. Anyone who can change the set can sign as this user.
   *
   * @param username - the username, compared exactly
   * @param url - the https URL of a JWK set (RFC 7517 §5)
   * @param options - {@link DirectoryJwksOptions}
   * @returns the JWK set, and what was added
   * @throws DirectoryError `unknown_user`, `bad_username`, `bad_url`, `forbidden_address`
   * @throws TypeError if an entry of `privateHosts` is not a host
   */
  addJwks(username: string, url: string, options?: DirectoryJwksOptions): Promise<AddedJwks>;
  /**
   * Lists the JWK sets of one user or of all users, the oldest first.
   *
   * @param query - {@link PageQuery}, and `username`; default all users
   * @returns a page of JWK sets
   * @throws DirectoryError `unknown_user`, `bad_query`
   */
  listJwks(query?: PageQuery & { readonly username?: string | undefined }): Promise<Page<DirectoryJwks>>;
  /**
   * Removes a JWK set from a user. This succeeds even if the audit trail cannot be written.
   *
   * @param username - the username, compared exactly
   * @param url - the URL that was added
   * @returns whether the change is in the audit trail
   * @throws DirectoryError `unknown_user`, `unknown_jwks`, `bad_url`
   */
  removeJwks(username: string, url: string): Promise<UrgentChange>;

  /**
   * Lists the entries of the audit trail, the newest last.
   *
   * @param query - {@link AuditQuery}
   * @returns a page of the audit trail
   * @throws DirectoryError `bad_query`
   */
  listAudit(query?: AuditQuery): Promise<Page<AuditEntry>>;

  /**
   * Counts the keys that will expire soon and are neither retired nor revoked, for an alert. Reads the keys in batches, so that a large
   * directory does not delay other queries.
   *
   * @param before - a time in seconds since the epoch; keys that expire later are not counted
   * @returns the number of keys of all users
   * @throws TypeError if `before` is not a time in seconds
   */
  countExpiringKeys(before: number): Promise<number>;
  /**
   * Records that a request was accepted with a key. The time is written a second later, and at most once a minute. If the write fails, no
   * request fails.
   *
   * @param key - the key that signed the request
   * @param at - seconds since the epoch
   */
  recordUse(key: VerificationKey, at: number): void;
  /**
   * Records that a request named a key that is revoked, retired or expired. The time is written in the same way as the time of a use.
   *
   * @param kid - the kid in the token, which no signature proves; ignored if there is no such key
   * @param at - seconds since the epoch
   */
  recordRefusal(kid: string, at: number): void;
  /** Writes the recorded uses. Call it before you destroy the database. Never rejects. */
  close(): Promise<void>;
}
