/** The interface of a directory of users and public keys. */
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
  /** A retired key is `expired`. */
  readonly state: KeyState;
  readonly key: PublicKey;
  readonly comment: string | null;
  readonly created: number;
  readonly expires: number | null;
  /** When it was retired, because another key replaces it. */
  readonly retired: number | null;
  readonly revoked: number | null;
  /** When a request was first accepted with it; written a second later. */
  readonly firstUsed: number | null;
  /** When a request was last accepted with it, to the minute; the first two uses are written a second later. */
  readonly lastUsed: number | null;
  /** When a request last named it after it was revoked, retired or expired, to the minute. Not proven by a signature. */
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
  /** Adds a missing user too, in the same transaction. */
  readonly createUser?: boolean;
  /** Hosts that may be private addresses, as written in URLs, without a port. Default: none. */
  readonly privateHosts?: readonly string[];
}

/** The result of {@link Directory.addJwks}. */
export interface AddedJwks {
  readonly jwks: DirectoryJwks;
  /** Whether it is new for the user. */
  readonly added: boolean;
  /** Whether the user was added too. */
  readonly userAdded: boolean;
}

/** Options of {@link Directory.addKey}. */
export interface DirectoryKeyOptions {
  /** A comment for people; default the comment of the OpenSSH line that the key comes from. */
  readonly comment?: string | undefined;
  /** When the key expires, in seconds since the epoch. */
  readonly expires?: number | undefined;
  /** Adds a missing user too, in the same transaction. */
  readonly createUser?: boolean;
  /** Whether the key will replace one that is still in use. Both are accepted until {@link Directory.retireKey} retires the old one. */
  readonly staged?: boolean;
  /** Allows a key that another user has. The key alone then no longer identifies its user. For imports of existing data only. */
  readonly allowShared?: boolean;
}

/** The result of {@link Directory.addKey}. */
export interface AddedKey {
  readonly key: DirectoryKey;
  /** Whether it is new for the user. */
  readonly added: boolean;
  /** Whether the user was added too. */
  readonly userAdded: boolean;
}

/** Changes for {@link Directory.changeKey}. */
export interface KeyChanges {
  readonly comment?: string | undefined;
  /** When the key expires, in seconds since the epoch; `null` for never. */
  readonly expires?: number | null | undefined;
}

/** The result of a change that withdraws access. It is made even if the audit trail cannot be written. */
export interface UrgentChange {
  /** Whether it is in the audit trail. If not, tell an operator. */
  readonly audited: boolean;
}

/** Selects a page of a list. */
export interface PageQuery {
  /** `next` of the previous page. */
  readonly after?: string | undefined;
  /** Maximum number of items; 1 to 1000, default 100. */
  readonly limit?: number | undefined;
}

/** A page of a list. */
export interface Page<Item> {
  readonly items: readonly Item[];
  /** `after` of the next page; `undefined` if this is the last one. */
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
  /** `after` of the page that begins with the next entry. */
  readonly id: string;
  /** Seconds since the epoch. */
  readonly at: number;
  readonly actor: string;
  readonly action: AuditAction;
  /** The user that was changed. */
  readonly subject: string;
  /** The key's fingerprint or the set's URL, and the new values. */
  readonly details: Readonly<Record<string, unknown>>;
}

/** Selects a page of the audit trail. */
export interface AuditQuery extends PageQuery {
  /** Only entries about this user. */
  readonly subject?: string | undefined;
  /** The newest entries instead of the oldest; the newest is still the last. */
  readonly newest?: boolean;
}

/**
 * - `bad_username`: no token can have this username
 * - `bad_comment`, `bad_expiry`: the comment or the expiry date is not valid
 * - `bad_query`: the page or the search is not valid
 * - `bad_url`, `forbidden_address`: no JWK set is fetched from this URL
 * - `unknown_user`, `unknown_key`, `unknown_jwks`: not in the directory
 * - `user_exists`: the username is taken
 * - `key_revoked`: a revoked key cannot be used again
 * - `not_replaced`: a key cannot be retired before another one was used
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
 * The directory refuses a change. The message says what to do instead.
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
 * A key store with methods that change its users and keys. Every change takes effect with the next `find`, in all processes, and is
 * written to the audit trail in the same transaction.
 */
export interface Directory extends KeyStore<DirectoryUser> {
  /**
   * Finds a user with its keys in every state.
   *
   * @param username - compared exactly
   * @param hint - what the token says about its key, not yet verified
   * @returns the user, or `undefined` if there is no such user
   * @throws what the database throws
   */
  find(username: string, hint: KeyHint): Promise<UserRecord<DirectoryUser> | undefined>;
  /**
   * Checks that users can be found, by running the query that finds one.
   *
   * @returns `ready`
   * @throws what the database throws
   */
  readiness(): Promise<Readiness>;
  /**
   * Creates the tables, or brings them up to date.
   *
   * @returns names of the migrations that were run, in order
   */
  migrate(): Promise<readonly string[]>;
  /**
   * Finds the migrations that the database lacks.
   *
   * @returns their names, in order; all of them for a new database
   */
  pendingMigrations(): Promise<readonly string[]>;
  /**
   * Returns the same directory with another name in the audit trail.
   *
   * @param actor - the name: 1 to 200 characters, without control characters
   * @returns a directory over the same database
   * @throws TypeError if the name is not valid
   */
  withActor(actor: string): Directory;

  /**
   * Adds a user without keys.
   *
   * @param username - 1 to 600 bytes of UTF-8, without control characters and outer white space
   * @returns the user
   * @throws DirectoryError `bad_username`, `user_exists`
   */
  addUser(username: string): Promise<DirectoryUser>;
  /**
   * Lists users by name, in the order of code points.
   *
   * @param query - {@link PageQuery}, and `search`: a part of the name, ignoring the case of ASCII letters
   * @returns a page of users
   * @throws DirectoryError `bad_query`
   */
  listUsers(query?: PageQuery & { readonly search?: string | undefined }): Promise<Page<DirectoryUser>>;
  /**
   * Finds one user.
   *
   * @param username - compared exactly
   * @returns the user
   * @throws DirectoryError `unknown_user`
   */
  getUser(username: string): Promise<DirectoryUser>;
  /**
   * Disables or enables a user.
   *
   * @param username - compared exactly
   * @param disabled - whether to refuse its tokens from now on; `true` succeeds even if the audit trail cannot be written
   * @returns whether it is in the audit trail
   * @throws DirectoryError `unknown_user`
   */
  setDisabled(username: string, disabled: boolean): Promise<UrgentChange>;
  /**
   * Removes a user and its keys. Its revoked keys stay revoked for every user.
   *
   * @param username - compared exactly
   * @throws DirectoryError `unknown_user`
   */
  removeUser(username: string): Promise<void>;

  /**
   * Adds a key. If the user has the key already, changes its comment and expiry, if given, and makes a retired key active again.
   *
   * @param username - compared exactly
   * @param key - the public key
   * @param options - {@link DirectoryKeyOptions}
   * @returns the key as it is now, and what was added
   * @throws DirectoryError `unknown_user`, `bad_username`, `bad_comment`, `bad_expiry`, `key_revoked`
   * @throws KeyConflictError if another user has the key
   */
  addKey(username: string, key: PublicKey, options?: DirectoryKeyOptions): Promise<AddedKey>;
  /**
   * Lists the keys of one user or of all users, the oldest first.
   *
   * @param query - {@link PageQuery}, and `username`: default all users
   * @returns a page of keys in every state
   * @throws DirectoryError `unknown_user`, `bad_query`
   */
  listKeys(query?: PageQuery & { readonly username?: string | undefined }): Promise<Page<DirectoryKey>>;
  /**
   * Changes the comment or the expiry of a key, for all users who share it.
   *
   * @param id - its `SHA256:` fingerprint, its kid or its thumbprint
   * @param changes - {@link KeyChanges}; an omitted member stays as it is
   * @returns the key of each user who has it, as it is now
   * @throws DirectoryError `unknown_key`, `bad_comment`, `bad_expiry`, `key_revoked`
   */
  changeKey(id: string, changes: KeyChanges): Promise<readonly DirectoryKey[]>;
  /**
   * Retires a key that another one replaces. The user's staged keys that were used become active.
   *
   * @param id - its `SHA256:` fingerprint, its kid or its thumbprint
   * @param options - `force`: retires it even if no other key of the user was used yet
   * @returns the key of each user who has it, as it is now
   * @throws DirectoryError `unknown_key`, `key_revoked`, `not_replaced`
   */
  retireKey(id: string, options?: { readonly force?: boolean }): Promise<readonly DirectoryKey[]>;
  /**
   * Revokes a key for good, for all users who share it. This succeeds even if the audit trail cannot be written.
   *
   * @param id - its `SHA256:` fingerprint, its kid or its thumbprint
   * @returns the key of each user who has it, and whether it was not revoked before
   * @throws DirectoryError `unknown_key`
   */
  revokeKey(id: string): Promise<UrgentChange & { readonly keys: readonly DirectoryKey[]; readonly revoked: boolean }>;

  /**
   * Lets a user sign with the keys of a JWK set. Anyone who can change the set can sign as this user.
   *
   * @param username - compared exactly
   * @param url - the https URL of a JWK set (RFC 7517 §5)
   * @param options - {@link DirectoryJwksOptions}
   * @returns the JWK set, and what was added
   * @throws DirectoryError `unknown_user`, `bad_username`, `bad_url`, `forbidden_address`
   * @throws TypeError for `privateHosts` that are not hosts
   */
  addJwks(username: string, url: string, options?: DirectoryJwksOptions): Promise<AddedJwks>;
  /**
   * Lists the JWK sets of one user or of all users, the oldest first.
   *
   * @param query - {@link PageQuery}, and `username`: default all users
   * @returns a page of JWK sets
   * @throws DirectoryError `unknown_user`, `bad_query`
   */
  listJwks(query?: PageQuery & { readonly username?: string | undefined }): Promise<Page<DirectoryJwks>>;
  /**
   * Removes a JWK set from a user. This succeeds even if the audit trail cannot be written.
   *
   * @param username - compared exactly
   * @param url - the URL that was added
   * @returns whether it is in the audit trail
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
   * Records that a request was accepted with a key. It is written a second later, and at most once a minute; a failed write fails no
   * request.
   *
   * @param key - the key that signed
   * @param at - seconds since the epoch
   */
  recordUse(key: VerificationKey, at: number): void;
  /**
   * Records that a request named a key that is revoked, retired or expired. It is written like a use.
   *
   * @param kid - as in the token, not proven; ignored if there is no such key
   * @param at - seconds since the epoch
   */
  recordRefusal(kid: string, at: number): void;
  /** Writes the recorded uses. Call it before you destroy the database. Never rejects. */
  close(): Promise<void>;
}
