/** Keeps users and keys in the memory of this process, for tests, examples, and services with few callers. */
import { checkArgument, checkSeconds, checkVerificationKey } from '../../core/arguments.ts';
import { type BindMember, refuseUnknownMembers } from '../../core/bind.ts';
import { isUsername } from '../../core/claims.ts';
import {
  KeyConflictError,
  type KeyRecord,
  type KeyState,
  type KeyStore,
  type UserRecord,
  type VerificationKey,
} from '../../core/contracts.ts';
import { checkOptions, clockOption, type OptionKinds } from '../../core/options.ts';

/** Options of {@link memoryKeyStore}. */
export interface MemoryKeyStoreOptions {
  /** Returns seconds since the epoch, to expire keys; the default is the wall clock. */
  readonly now?: () => number;
}

/** Options of {@link MemoryKeyStore.setUser}. */
export interface MemoryUserOptions<User> {
  /** Your own object for this user, returned as `result.user`. */
  readonly user: User;
  readonly disabled?: boolean;
  /** Members that the `bind` claim of this user's tokens must have. */
  readonly require?: readonly BindMember[];
}

/** Options of {@link MemoryKeyStore.addKey}. */
export interface MemoryKeyOptions {
  /** Default `active`. */
  readonly state?: KeyState;
  /** When the key expires, in seconds since the epoch. */
  readonly expires?: number;
}

/** A key store in memory. A change takes effect at the next request. */
export interface MemoryKeyStore<User> extends KeyStore<User> {
  /**
   * Adds a user, or changes an existing user and keeps its keys.
   *
   * @param username - 1 to 600 bytes of UTF-8, without control characters, and without white space at its ends
   * @param options - {@link MemoryUserOptions}; an omitted option is set to its default
   * @throws TypeError if no token can have this username
   */
  setUser(username: string, options: MemoryUserOptions<User>): void;
  /**
   * Removes a user and its keys.
   *
   * @param username - the username, compared exactly
   * @returns whether the user existed
   */
  removeUser(username: string): boolean;
  /**
   * Adds a key to a user, or changes the options of a key that the user already has. If the user is missing, adds it with the username as
   * `user`.
   *
   * @param username - a username, as in {@link MemoryKeyStore.setUser}
   * @param key - the public key
   * @param options - {@link MemoryKeyOptions}; an omitted option is set to its default
   * @throws TypeError if no token can have this username
   * @throws KeyConflictError if another user has this key
   */
  addKey(username: string, key: VerificationKey, options?: MemoryKeyOptions): void;
  /**
   * Revokes a key. The key stays in the store, so that requests with it are refused with the reason `key_revoked`.
   *
   * @param id - the kid or `SHA256:` fingerprint of the key
   * @returns whether the key exists
   */
  revokeKey(id: string): boolean;
}

interface Entry<User> {
  readonly record: UserRecord<User>;
  readonly expiries: ReadonlyMap<string, number>;
}

const OPTIONS: OptionKinds<MemoryKeyStoreOptions> = { now: 'function' };
const USER_OPTIONS: OptionKinds<MemoryUserOptions<unknown>> = { user: 'any', disabled: 'boolean', require: 'array' };
const KEY_OPTIONS: OptionKinds<MemoryKeyOptions> = { state: 'any', expires: 'any' };
const STATES: readonly KeyState[] = ['active', 'staged', 'expired', 'retired', 'revoked'];

/**
 * Creates a key store in memory.
 *
 * @param options - {@link MemoryKeyStoreOptions}
 * @returns an empty store, whose `find` returns the user directly, without a promise
 * @throws TypeError for an option that is unknown or of a wrong type
 *
 * @example
 * ```ts
 * import { memoryKeyStore, PrivateKey } from 'asymmetric-jwt-auth';
 *
 * const keys = memoryKeyStore<{ email: string }>();
 * const { publicKey } = await PrivateKey.generate();
 * keys.setUser('guido', { user: { email: 'guido@example.com' } });
 * keys.addKey('guido', publicKey, { expires: Date.now() / 1000 + 86_400 });
 * console.log(keys.revokeKey(publicKey.kid)); // true
 * ```
 */
export function memoryKeyStore<User = string>(options: MemoryKeyStoreOptions = {}): MemoryKeyStore<User> {
  checkOptions(options, OPTIONS);
  const now = clockOption(options.now);
  const entries = new Map<string, Entry<User>>();
  const owners = new Map<string, string>();
  const NO_EXPIRIES: ReadonlyMap<string, number> = new Map();

  function withKey(record: UserRecord<User>, key: VerificationKey, state: KeyState): UserRecord<User> {
    const others = record.keys.filter((other) => other.key.kid !== key.kid);
    return { ...record, keys: [...others, { key, state }] };
  }

  return {
    find(username) {
      const entry = entries.get(username);
      if (entry === undefined || entry.expiries.size === 0) return entry?.record;
      const at = now();
      const keys = entry.record.keys.map((record): KeyRecord => {
        const expires = entry.expiries.get(record.key.kid);
        const expired = expires !== undefined && expires <= at && record.state !== 'revoked';
        return expired ? { key: record.key, state: 'expired' } : record;
      });
      return { ...entry.record, keys };
    },

    setUser(username, options) {
      refuseUsername(username);
      checkOptions(options, USER_OPTIONS);
      const { user, disabled = false, require } = options;
      if (!('user' in options)) throw new TypeError('option user: is missing');
      refuseUnknownMembers(require ?? []);
      const { record, expiries } = entries.get(username) ?? { record: undefined, expiries: NO_EXPIRIES };
      entries.set(username, { record: { username, user, disabled, keys: record?.keys ?? [], require }, expiries });
    },

    removeUser(username) {
      for (const { key } of entries.get(username)?.record.keys ?? []) {
        owners.delete(key.kid);
        owners.delete(key.fingerprint);
      }
      return entries.delete(username);
    },

    addKey(username, key, options = {}) {
      refuseUsername(username);
      checkVerificationKey('key', key);
      checkOptions(options, KEY_OPTIONS);
      const { state = 'active', expires } = options;
      checkArgument(STATES.includes(state), 'option state', `one of ${STATES.join(', ')}`, state);
      if (expires !== undefined) checkSeconds('option expires', expires);
      const owner = owners.get(key.kid);
      if (owner !== undefined && owner !== username) {
        throw new KeyConflictError(
          `the key ${key.fingerprint} belongs to another user, ${JSON.stringify(owner)}; make a new one`,
        );
      }
      const entry = entries.get(username) ?? {
        record: { username, user: username as User, disabled: false, keys: [] },
        expiries: NO_EXPIRIES,
      };
      const expiries = new Map(entry.expiries);
      expiries.delete(key.kid);
      if (expires !== undefined) expiries.set(key.kid, expires);
      entries.set(username, { record: withKey(entry.record, key, state), expiries });
      owners.set(key.kid, username);
      owners.set(key.fingerprint, username);
    },

    revokeKey(id) {
      const username = owners.get(id);
      const entry = username === undefined ? undefined : entries.get(username);
      const found = entry?.record.keys.find(({ key }) => key.kid === id || key.fingerprint === id);
      if (username === undefined || entry === undefined || found === undefined) return false;
      entries.set(username, { record: withKey(entry.record, found.key, 'revoked'), expiries: entry.expiries });
      return true;
    },
  };
}

function refuseUsername(username: string): void {
  const a = 'a string of 1 to 600 bytes without control characters and outer white space';
  checkArgument(isUsername(username), 'username', a, username);
}
