/** Users and keys in this process's memory: for tests, for examples, and for services with a handful of callers. */
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
import { checkOptions, type OptionKinds, readClock, wallClock } from '../../core/options.ts';

/** What a user may be given. */
export interface MemoryUserOptions<User> {
  /** The application's own object, handed back as `result.user`. */
  readonly user: User;
  readonly disabled?: boolean;
  /** Members of `bind` that this user's tokens must carry. */
  readonly require?: readonly BindMember[];
}

/** What a key may be given. */
export interface MemoryKeyOptions {
  /** Default `active`. */
  readonly state?: KeyState;
  /** Seconds since the epoch from which the key no longer counts. */
  readonly expires?: number;
}

/** A key store in memory. Every change counts for the next request. */
export interface MemoryKeyStore<User> extends KeyStore<User> {
  /**
   * Adds a user, or changes the one of that name; its keys stay.
   *
   * @param username - 1 to 600 bytes of UTF-8, without control characters and outer white space
   * @param options - {@link MemoryUserOptions}; what is left out is reset
   * @throws TypeError if the username cannot stand in a token
   */
  setUser(username: string, options: MemoryUserOptions<User>): void;
  /**
   * Removes a user and its keys.
   *
   * @param username - compared exactly
   * @returns whether there was one
   */
  removeUser(username: string): boolean;
  /**
   * Adds a key to a user, or changes the state of the one it has; adds the user if there is none, with its own name as `user`.
   *
   * @param username - as for {@link MemoryKeyStore.setUser}
   * @param key - the public half
   * @param options - {@link MemoryKeyOptions}; what is left out is reset
   * @throws TypeError if the username cannot stand in a token
   * @throws KeyConflictError if another user has this key: then nobody could tell who signed
   */
  addKey(username: string, key: VerificationKey, options?: MemoryKeyOptions): void;
  /**
   * Revokes a key; it stays with its user.
   *
   * @param id - its kid or its `SHA256:` fingerprint
   * @returns whether there was one
   */
  revokeKey(id: string): boolean;
}

interface Entry<User> {
  readonly record: UserRecord<User>;
  readonly expiries: ReadonlyMap<string, number>;
}

const USER_OPTIONS: OptionKinds<MemoryUserOptions<unknown>> = { user: 'any', disabled: 'boolean', require: 'array' };
const KEY_OPTIONS: OptionKinds<MemoryKeyOptions> = { state: 'any', expires: 'any' };
const STATES: readonly KeyState[] = ['active', 'staged', 'expired', 'revoked'];

/**
 * Makes a key store in memory.
 *
 * @param now - seconds since the epoch, for keys that expire; default the wall clock
 * @returns a store without users, that answers without a promise
 */
export function memoryKeyStore<User = string>(now: () => number = wallClock): MemoryKeyStore<User> {
  checkArgument(typeof now === 'function', 'now', 'a function', now);
  readClock(now);
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
