/** Caches the users that another key store finds, until the store changes or for a limited time. */
import { sharesPromises } from '#engine';
import { checkKeyStore } from '../core/arguments.ts';
import { BoundedMap } from '../core/bounded-map.ts';
import type { KeyStore, UserRecord } from '../core/contracts.ts';
import { dependsOnHint } from '../core/hinted.ts';
import { checkOptions, clockOption, numberOption, type OptionKinds } from '../core/options.ts';
import { ownText } from '../core/own-text.ts';

/** Options of {@link cachedKeyStore}. */
export interface CachedKeyStoreOptions {
  /** Number of seconds for which a user is cached, from 0 to 3600; default 1. A change takes effect within this time. */
  readonly ttlSeconds?: number;
  /**
   * Returns a different value after every change to the inner store. `directoryRevision(path).read` is such a function. It is called at most every
   * 5 ms. Users are cached until the value changes, and `ttlSeconds` is ignored. If it throws, the cache is cleared.
   */
  readonly revision?: () => unknown;
  /** Maximum number of cached users, from 1 to 10 000 000; default 10 000. In addition, a tenth as many unknown usernames are cached. */
  readonly maxUsers?: number;
  /** Returns seconds since the epoch; the default is the wall clock. */
  readonly now?: () => number;
  /** Returns the seconds of a clock that never goes back; the default is the process's monotonic clock. */
  readonly monotonic?: () => number;
}

const OPTIONS: OptionKinds<CachedKeyStoreOptions> = {
  ttlSeconds: 'any',
  revision: 'function',
  maxUsers: 'any',
  now: 'function',
  monotonic: 'function',
};

/** A key store with a cache that you can clear, so that a change takes effect at once. */
export interface CachedKeyStore<User> extends KeyStore<User> {
  /**
   * Removes one user, or all users, from the cache.
   *
   * @param username - the user to remove; default all users
   */
  forget(username?: string): void;
}

interface Entry<User> {
  readonly record: UserRecord<User> | undefined;
  /** When the lookup began, by the monotonic clock. */
  readonly at: number;
}

/** A lookup in progress. */
interface Lookup<User> {
  readonly record: Promise<UserRecord<User> | undefined>;
  /** When the lookup began, by the monotonic clock. */
  readonly at: number;
}

type Hint = Parameters<KeyStore<unknown>['find']>[1];

/** Number of seconds for which other requests join a lookup in progress. A lookup that never ends must not lock out its user. */
const SHARED = 1;
/** Minimum number of seconds between two calls of `revision`. */
const REVISION_INTERVAL = 0.005;

/**
 * Creates a store that caches the users of another store. Concurrent requests for the same user share one lookup. The inner store must find
 * the same keys for every hint.
 *
 * @param store - the store to cache
 * @param options - {@link CachedKeyStoreOptions}
 * @returns a store that passes on the errors of the inner store, and does not cache them
 * @throws TypeError for an option that is unknown or out of range; the message names the option
 *
 * @example
 * ```ts
 * import { cachedKeyStore } from 'asymmetric-jwt-auth';
 * import { nodeSqliteDialect, sqlDirectory } from 'asymmetric-jwt-auth/sql';
 * import { Kysely } from 'kysely';
 *
 * const db = new Kysely<unknown>({ dialect: nodeSqliteDialect(':memory:') });
 * const keys = cachedKeyStore(sqlDirectory(db), { ttlSeconds: 10 });
 * keys.forget('guido'); // the next request of guido reads the database
 * await db.destroy();
 * ```
 */
export function cachedKeyStore<User>(store: KeyStore<User>, options: CachedKeyStoreOptions = {}): CachedKeyStore<User> {
  checkKeyStore('store', store);
  if (dependsOnHint(store)) {
    throw new TypeError(
      'store: cannot be cached, because the keys of JWK sets depend on the token; jwksKeyStore() has its own cache, and withJwks() takes a cached store',
    );
  }
  checkOptions(options, OPTIONS);
  const now = clockOption(options.now);
  const { revision, monotonic = () => performance.now() / 1000 } = options;
  const ttl =
    revision === undefined
      ? numberOption('ttlSeconds', options.ttlSeconds, 1, 0, 3600, 'seconds')
      : Number.POSITIVE_INFINITY;
  const most = numberOption('maxUsers', options.maxUsers, 10_000, 1, 10_000_000);

  const sharedFor = sharesPromises ? Math.min(ttl, SHARED) : 0;

  const users = new BoundedMap<string, Entry<User>>(most);
  // The separate cache keeps invented usernames from evicting users.
  const strangers = new BoundedMap<string, Entry<User>>(Math.ceil(most / 10));
  const lookups = new Map<string, Lookup<User>>();
  let known: unknown;
  let checkedAt = Number.NEGATIVE_INFINITY;
  /** Counts calls of `forget`. A lookup that began before such a call is not cached. */
  let generation = 0;

  function forget(username?: string): void {
    generation += 1;
    if (username === undefined) {
      users.clear();
      strangers.clear();
      lookups.clear();
    } else for (const map of [users, strangers, lookups]) map.delete(username);
  }

  function checkRevision(at: number): void {
    if (revision === undefined || at - checkedAt < REVISION_INTERVAL) return;
    let present: unknown;
    try {
      present = revision();
    } catch {
      // A new object differs from every earlier revision.
      present = {};
    }
    checkedAt = at;
    if (present === known) return;
    known = present;
    forget();
  }

  function cached(username: string, at: number): Entry<User> | undefined {
    for (const map of [users, strangers]) {
      const entry = map.get(username);
      if (entry === undefined) continue;
      const { validUntil } = entry.record ?? {};
      if (at - entry.at < ttl && (validUntil ?? Number.POSITIVE_INFINITY) > now()) return entry;
      map.delete(username);
    }
    return undefined;
  }

  async function load(username: string, hint: Hint, at: number) {
    const begun = generation;
    const record = (await store.find(username, hint)) ?? undefined;
    if (begun === generation) (record === undefined ? strangers : users).set(ownText(username), { record, at });
    return record;
  }

  function startLookup(username: string, hint: Hint, at: number) {
    const record = load(username, hint, at);
    lookups.set(username, { record, at });
    const end = () => {
      // A later lookup may have replaced this one.
      if (lookups.get(username)?.record === record) lookups.delete(username);
    };
    record.then(end, end);
    return record;
  }

  return {
    ...(store.recordUse === undefined ? {} : { recordUse: store.recordUse.bind(store) }),
    ...(store.readiness === undefined ? {} : { readiness: store.readiness.bind(store) }),
    forget,
    find(username, hint) {
      const at = monotonic();
      checkRevision(at);
      const entry = cached(username, at);
      if (entry !== undefined) return entry.record;
      // An older lookup is not joined, because it may have missed a change that must take effect now.
      const present = lookups.get(username);
      return present !== undefined && at - present.at < sharedFor ? present.record : startLookup(username, hint, at);
    },
  };
}
