/** What a directory of users and public keys is, whatever it is kept in. */
import type { KeyHint, KeyState, KeyStore, Readiness, UserRecord, VerificationKey } from '../../core/contracts.ts';
import type { PublicKey } from '../../keys/public-key.ts';

/** A user, as the directory has it. */
export interface DirectoryUser {
  readonly username: string;
  readonly disabled: boolean;
  /** Seconds since the epoch. */
  readonly created: number;
}

/** A key, as the directory has it. All times are seconds since the epoch. */
export interface DirectoryKey {
  readonly username: string;
  readonly fingerprint: string;
  readonly kid: string;
  readonly thumbprint: string;
  /** `expired` also where it was retired. */
  readonly state: KeyState;
  readonly key: PublicKey;
  readonly comment: string | null;
  readonly created: number;
  readonly expires: number | null;
  /** When another key had replaced it. */
  readonly retired: number | null;
  readonly revoked: number | null;
  /** When it first let a request in; written a second later, and so is the next. */
  readonly firstUsed: number | null;
  /** When it last let a request in, to the minute. */
  readonly lastUsed: number | null;
  /** When a request last named it although it was revoked, retired or expired, to the minute. Not proven by a signature. */
  readonly lastRefused: number | null;
}

/** A JWK set, published elsewhere, whose keys count as those of a user. */
export interface DirectoryJwks {
  readonly username: string;
  readonly url: string;
  /** Seconds since the epoch. */
  readonly created: number;
}

/** What a key set may be given. */
export interface DirectoryJwksOptions {
  /** Adds the user as well, where it is not there; all or nothing. */
  readonly createUser?: boolean;
  /** Hosts, as they stand in URLs and without a port, that may be addresses which are not public. Default: none. */
  readonly privateHosts?: readonly string[];
}

/** What became of a key set that was to be added. */
export interface AddedJwks {
  readonly jwks: DirectoryJwks;
  /** Whether the user had it not yet. */
  readonly added: boolean;
  /** Whether the user was added as well. */
  readonly userAdded: boolean;
}

/** What a key may be given. */
export interface DirectoryKeyOptions {
  /** For people; default the comment of its OpenSSH line. */
  readonly comment?: string | undefined;
  /** Seconds since the epoch from which the key no longer counts. */
  readonly expires?: number | undefined;
  /** Adds the user as well, where it is not there; all or nothing. */
  readonly createUser?: boolean;
  /** Whether it is meant to replace a key that is still in use: it counts like any other, until {@link Directory.retireKey} makes it the one. */
  readonly staged?: boolean;
  /** Allows a key that another user has. Then nobody can tell from the key alone who signed: for imports of such keys only. */
  readonly allowShared?: boolean;
}

/** What became of a key that was to be added. */
export interface AddedKey {
  readonly key: DirectoryKey;
  /** Whether the user had it not yet. */
  readonly added: boolean;
  /** Whether the user was added as well. */
  readonly userAdded: boolean;
}

/** What may be changed about a key. */
export interface KeyChanges {
  readonly comment?: string | undefined;
  /** Seconds since the epoch; `null` = never. */
  readonly expires?: number | null | undefined;
}

/** A change that is made even where it cannot be written down who made it. */
export interface UrgentChange {
  /** Whether it is in the audit trail. If not, somebody must be told. */
  readonly audited: boolean;
}

/** Which part of a list. */
export interface PageQuery {
  /** `next` of the page before. */
  readonly after?: string | undefined;
  /** Most items; 1 to 1000, default 100. */
  readonly limit?: number | undefined;
}

/** A part of a list. */
export interface Page<Item> {
  readonly items: readonly Item[];
  /** Where the next page begins; `undefined` where there was no more. */
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

/** Who changed what. */
export interface AuditEntry {
  /** A later one is greater; `after` of a page that begins behind it. */
  readonly id: string;
  /** Seconds since the epoch. */
  readonly at: number;
  readonly actor: string;
  readonly action: AuditAction;
  /** The user whose account or key it was. */
  readonly subject: string;
  /** What else is to be said: the fingerprint, and what was set. */
  readonly details: Readonly<Record<string, unknown>>;
}

/** Which part of the audit trail. */
export interface AuditQuery extends PageQuery {
  /** Of this user alone. */
  readonly subject?: string | undefined;
  /** The newest entries instead of the oldest, still the newest last. */
  readonly newest?: boolean;
}

/**
 * - `bad_username`: no token can have it
 * - `bad_comment`, `bad_expiry`: what is written beside a key
 * - `bad_query`: a page that cannot be asked for
 * - `bad_url`, `forbidden_address`: where no key set is fetched from
 * - `unknown_user`, `unknown_key`, `unknown_jwks`: not in the directory
 * - `user_exists`: the name is taken
 * - `key_revoked`: a revoked key does not come back
 * - `not_replaced`: a key is not retired before another one was used
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

/** The directory refuses a change. The message says what to do instead. */
export class DirectoryError extends Error {
  override readonly name = 'DirectoryError';
  readonly code: DirectoryErrorCode;

  constructor(code: DirectoryErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/**
 * A key store with its administration. Every change counts for the next `find`, in all processes, and is written into the audit trail
 * by the same transaction.
 */
export interface Directory extends KeyStore<DirectoryUser> {
  /**
   * Finds a user with its keys in every state.
   *
   * @param username - compared exactly
   * @param hint - the token's own words, not yet verified
   * @returns the user, or `undefined` if there is no such user
   * @throws what the database throws
   */
  find(username: string, hint: KeyHint): Promise<UserRecord<DirectoryUser> | undefined>;
  /**
   * Tells whether users can be found now, with the query that finds one.
   *
   * @returns `ready`
   * @throws what the database throws
   */
  readiness(): Promise<Readiness>;
  /**
   * Makes the tables, or brings them up to date.
   *
   * @returns names of the migrations that were made, in order
   */
  migrate(): Promise<readonly string[]>;
  /**
   * Looks for migrations that the database lacks.
   *
   * @returns their names, in order; all of them for a new database
   */
  pendingMigrations(): Promise<readonly string[]>;
  /**
   * The same directory, changed by somebody else.
   *
   * @param actor - who is named in the audit trail: 1 to 200 characters, none of them a control character
   * @returns a directory over the same database
   * @throws TypeError for another actor
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
   * Users, by name, in the order of code points.
   *
   * @param query - {@link PageQuery}, and `search`: a part of the name, the case of ASCII letters aside
   * @returns a page of them
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
   * Disables or enables a user. To disable is urgent; to enable is not.
   *
   * @param username - compared exactly
   * @param disabled - whether its tokens are refused from now on
   * @returns whether it was written down
   * @throws DirectoryError `unknown_user`
   */
  setDisabled(username: string, disabled: boolean): Promise<UrgentChange>;
  /**
   * Removes a user and its keys; that some were revoked stays known.
   *
   * @param username - compared exactly
   * @throws DirectoryError `unknown_user`
   */
  removeUser(username: string): Promise<void>;

  /**
   * Adds a key. One that the user has already gets the new comment and expiry, where they are given; one that was retired counts again.
   *
   * @param username - compared exactly
   * @param key - the public half
   * @param options - {@link DirectoryKeyOptions}
   * @returns the key as it is now, and what was added
   * @throws DirectoryError `unknown_user`, `bad_username`, `bad_comment`, `bad_expiry`, `key_revoked`
   * @throws KeyConflictError if another user has the key
   */
  addKey(username: string, key: PublicKey, options?: DirectoryKeyOptions): Promise<AddedKey>;
  /**
   * Keys of one user, or of all, the oldest first.
   *
   * @param query - {@link PageQuery}, and `username`: default all users
   * @returns a page of them, in every state
   * @throws DirectoryError `unknown_user`, `bad_query`
   */
  listKeys(query?: PageQuery & { readonly username?: string | undefined }): Promise<Page<DirectoryKey>>;
  /**
   * Changes what is said about a key, of all users who share it.
   *
   * @param id - its `SHA256:` fingerprint, its kid or its thumbprint
   * @param changes - what is left out stays
   * @returns the key of each user who has it, as it is now
   * @throws DirectoryError `unknown_key`, `bad_comment`, `bad_expiry`, `key_revoked`
   */
  changeKey(id: string, changes: KeyChanges): Promise<readonly DirectoryKey[]>;
  /**
   * Ends a key that another one has replaced; a staged key that was used is staged no longer.
   *
   * @param id - its `SHA256:` fingerprint, its kid or its thumbprint
   * @param options - `force`: although no other key of the user was used so far
   * @returns the key of each user who has it, as it is now
   * @throws DirectoryError `unknown_key`, `key_revoked`, `not_replaced`
   */
  retireKey(id: string, options?: { readonly force?: boolean }): Promise<readonly DirectoryKey[]>;
  /**
   * Revokes a key for good, of all users who share it. It is urgent.
   *
   * @param id - its `SHA256:` fingerprint, its kid or its thumbprint
   * @returns the key of each user who has it, and whether it was in use until now
   * @throws DirectoryError `unknown_key`
   */
  revokeKey(id: string): Promise<UrgentChange & { readonly keys: readonly DirectoryKey[]; readonly revoked: boolean }>;

  /**
   * Trusts a user by a JWK set: whoever can write at that URL can sign as this user.
   *
   * @param username - compared exactly
   * @param url - of a JWK set (RFC 7517 §5), by https
   * @param options - {@link DirectoryJwksOptions}
   * @returns the key set, and what was added
   * @throws DirectoryError `unknown_user`, `bad_username`, `bad_url`, `forbidden_address`
   * @throws TypeError for `privateHosts` that are none
   */
  addJwks(username: string, url: string, options?: DirectoryJwksOptions): Promise<AddedJwks>;
  /**
   * Key sets of one user, or of all, the oldest first.
   *
   * @param query - {@link PageQuery}, and `username`: default all users
   * @returns a page of them
   * @throws DirectoryError `unknown_user`, `bad_query`
   */
  listJwks(query?: PageQuery & { readonly username?: string | undefined }): Promise<Page<DirectoryJwks>>;
  /**
   * No longer trusts a user by a JWK set. It is urgent.
   *
   * @param username - compared exactly
   * @param url - as it was added
   * @returns whether it was written down
   * @throws DirectoryError `unknown_user`, `unknown_jwks`, `bad_url`
   */
  removeJwks(username: string, url: string): Promise<UrgentChange>;

  /**
   * Who changed what, the newest last.
   *
   * @param query - {@link AuditQuery}
   * @returns a page of the audit trail
   * @throws DirectoryError `bad_query`
   */
  listAudit(query?: AuditQuery): Promise<Page<AuditEntry>>;

  /**
   * Notes that a key let a request in. It is written a second later, once a minute at most, and fails nobody.
   *
   * @param key - the one that signed
   * @param at - seconds since the epoch
   */
  recordUse(key: VerificationKey, at: number): void;
  /**
   * Notes that a request named a key that no longer counts; written like a use.
   *
   * @param kid - as the token names it: not proven, and ignored where there is no such key
   * @param at - seconds since the epoch
   */
  recordRefusal(kid: string, at: number): void;
  /** Writes down what was noted of uses. To be called before the database is destroyed. Never rejects. */
  close(): Promise<void>;
}
