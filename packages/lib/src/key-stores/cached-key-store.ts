/** Caches what another key store finds, until it changes or for a limited time. */
import { checkKeyStore } from '../core/arguments.ts';
import { BoundedMap } from '../core/bounded-map.ts';
import type { KeyStore, UserRecord } from '../core/contracts.ts';
import { dependsOnHint } from '../core/hinted.ts';
import { checkOptions, clockOption, numberOption, type OptionKinds } from '../core/options.ts';
import { ownText } from '../core/own-text.ts';

/** How long users are cached, and how many. */
export interface CachedKeyStoreOptions {
  /** Seconds for which a user is cached. A change takes effect after at most this time. 0 to 3600, default 1. */
  readonly ttlSeconds?: number;
  /**
   * Returns a different value after every change of the inner store, such as `directoryRevision(path).read`. It is called at most every
   * 5 ms. Users are cached until the value changes, and `ttlSeconds` is ignored. If it throws, the cache is cleared.
   */
  readonly revision?: () => unknown;
  /** Number of users that are cached; 1 to 10 000 000, default 10 000. A tenth as many unknown usernames are cached in addition. */
  readonly maxUsers?: number;
  /** Returns seconds since the epoch; default the wall clock. */
  readonly now?: () => number;
  /** Returns seconds that never go back; default the process's monotonic clock. */
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
   * @param username - default all
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
  /** When it began, by the monotonic clock. */
  readonly at: number;
}

type Hint = Parameters<KeyStore<unknown>['find']>[1];

/** Seconds for which requests join a lookup in progress. A lookup that never ends must not lock its user out. */
const SHARED = 1;
/** Minimum number of seconds between two calls of `revision`. */
const REVISION_INTERVAL = 0.005;

/**
 * Creates a store that caches the users of another one. Concurrent requests for the same user share one lookup. The inner store must
 * find the same keys for every hint.
 *
 * @param store - the store to cache
 * @param options - {@link CachedKeyStoreOptions}
 * @returns a store that rejects with what the inner one throws; failures are not cached
 * @throws TypeError for an option that is unknown or out of its range; the message names it
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

  const sharedFor = Math.min(ttl, SHARED);

  const users = new BoundedMap<string, Entry<User>>(most);
  // Separate, so that invented usernames do not evict users.
  const strangers = new BoundedMap<string, Entry<User>>(Math.ceil(most / 10));
  const lookups = new Map<string, Lookup<User>>();
  let known: unknown;
  let checkedAt = Number.NEGATIVE_INFINITY;
  /** Counts calls of `forget`: a lookup that began before one is not cached. */
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
      // A value that equals no other.
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
      // An older lookup may have read the store before a change that must take effect by now.
      const present = lookups.get(username);
      return present !== undefined && at - present.at < sharedFor ? present.record : startLookup(username, hint, at);
    },
  };
}
