/** What a directory of users and public keys is, whatever it is kept in. */
import type { KeyState, KeyStore } from '../core/contracts.ts';
import type { PublicKey } from '../keys/public-key.ts';

/** A user, as the directory has it. */
export interface DirectoryUser {
  readonly username: string;
  readonly disabled: boolean;
  /** Seconds since the epoch. */
  readonly created: number;
}

/** A key, as the directory has it. */
export interface DirectoryKey {
  readonly username: string;
  readonly fingerprint: string;
  readonly kid: string;
  readonly thumbprint: string;
  readonly state: KeyState;
  readonly key: PublicKey;
  readonly comment: string | null;
  /** Seconds since the epoch, as are the others. */
  readonly created: number;
  readonly expires: number | null;
  readonly revoked: number | null;
}

/** What a key may be given. */
export interface DirectoryKeyOptions {
  /** For people; default the comment of its OpenSSH line. */
  readonly comment?: string | undefined;
  /** Seconds since the epoch from which the key no longer counts. */
  readonly expires?: number | undefined;
  /** Adds the user as well, where it is not there; all or nothing. */
  readonly createUser?: boolean;
}

/** What became of a key that was to be added. */
export interface AddedKey {
  readonly key: DirectoryKey;
  /** Whether the user had it not yet. */
  readonly added: boolean;
  /** Whether the user was added as well. */
  readonly userAdded: boolean;
}

/**
 * - `bad_username`: no token can have it
 * - `bad_comment`, `bad_expiry`: what is written beside a key
 * - `unknown_user`, `unknown_key`: not in the directory
 * - `user_exists`: the name is taken
 * - `key_revoked`: a revoked key does not come back
 */
export type DirectoryErrorCode =
  | 'bad_username'
  | 'bad_comment'
  | 'bad_expiry'
  | 'unknown_user'
  | 'unknown_key'
  | 'user_exists'
  | 'key_revoked';

/** The directory refuses a change. The message says what to do instead. */
export class DirectoryError extends Error {
  override readonly name = 'DirectoryError';
  readonly code: DirectoryErrorCode;

  constructor(code: DirectoryErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** A key store with its administration. Every change counts for the next request, in all processes. */
export interface Directory extends KeyStore<DirectoryUser> {
  /** Makes the tables, or brings them up to date. @returns names of what was done */
  migrate(): Promise<readonly string[]>;
  /** Names of the migrations that the database lacks. */
  pendingMigrations(): Promise<readonly string[]>;
  /** @throws DirectoryError `bad_username`, `user_exists` */
  addUser(username: string): Promise<DirectoryUser>;
  /** All users, by name. */
  listUsers(): Promise<DirectoryUser[]>;
  /** @throws DirectoryError `unknown_user` */
  getUser(username: string): Promise<DirectoryUser>;
  /** @throws DirectoryError `unknown_user` */
  setDisabled(username: string, disabled: boolean): Promise<void>;
  /** Removes a user and its keys; that some were revoked stays known. @throws DirectoryError `unknown_user` */
  removeUser(username: string): Promise<void>;
  /**
   * Adds a key. One that the user has already gets the new comment and expiry, where they are given.
   *
   * @throws DirectoryError `unknown_user`, `bad_username`, `bad_comment`, `bad_expiry`, `key_revoked`
   * @throws KeyConflictError if another user has the key
   */
  addKey(username: string, key: PublicKey, options?: DirectoryKeyOptions): Promise<AddedKey>;
  /** Keys of one user, or of all, the oldest first. @throws DirectoryError `unknown_user` */
  listKeys(username?: string): Promise<DirectoryKey[]>;
  /**
   * Revokes a key for good.
   *
   * @param id - its `SHA256:` fingerprint, its kid or its thumbprint
   * @returns the key, and whether it was in use until now
   * @throws DirectoryError `unknown_key`
   */
  revokeKey(id: string): Promise<{ readonly key: DirectoryKey; readonly revoked: boolean }>;
}
