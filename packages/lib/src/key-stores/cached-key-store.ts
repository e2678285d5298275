/** A key store whose answers are kept for a while: bounded, and gone as soon as something has changed. */
import { checkKeyStore } from '../core/arguments.ts';
import { BoundedMap } from '../core/bounded-map.ts';
import type { KeyStore, UserRecord } from '../core/contracts.ts';
import { dependsOnHint } from '../core/hinted.ts';
import { checkOptions, clockOption, numberOption, type OptionKinds } from '../core/options.ts';
import { ownText } from '../core/own-text.ts';

/** How long answers are kept, and how many. */
export interface CachedKeyStoreOptions {
  /** Seconds for which an answer is kept, and for which a change may go unseen; 0 to 3600, default 1. */
  readonly ttlSeconds?: number;
  /**
   * Something that is another value after every change of the store behind, looked at every 5 ms at most: then answers are kept for
   * as long as it stays the same, and a change goes unseen for 5 ms at most. If it throws, nothing is kept.
   */
  readonly revision?: () => unknown;
  /** Most users that are kept; 1 to 10 000 000, default 10 000. Names that are nobody's are kept beside them, a tenth as many. */
  readonly maxUsers?: number;
  /** Seconds since the epoch; default the wall clock. */
  readonly now?: () => number;
  /** Seconds that only ever go forward; default the process's monotonic clock. */
  readonly monotonic?: () => number;
}

const OPTIONS: OptionKinds<CachedKeyStoreOptions> = {
  ttlSeconds: 'any',
  revision: 'function',
  maxUsers: 'any',
  now: 'function',
  monotonic: 'function',
};

/** A cached store: changes made in this process can be made to count at once. */
export interface CachedKeyStore<User> extends KeyStore<User> {
  /**
   * Keeps nothing of what was found so far, of one user or of all.
   *
   * @param username - default all
   */
  forget(username?: string): void;
}

interface Entry<User> {
  readonly record: UserRecord<User> | undefined;
  /** When it was asked for, by the monotonic clock. */
  readonly at: number;
}

/** An answer that is under way. */
interface Loading<User> {
  readonly record: Promise<UserRecord<User> | undefined>;
  /** When it was asked for, by the monotonic clock. */
  readonly at: number;
}

type Hint = Parameters<KeyStore<unknown>['find']>[1];

/** Most seconds for which others wait for an answer that is under way: one that never comes must not lock its user out. */
const SHARED = 1;
/** Seconds for which a revision that was read stands. */
const REVISION_STANDS = 0.005;

/**
 * Makes a store that keeps the answers of another one. Several requests that need the same user at once ask for it once. The store
 * behind must not depend on the hint.
 *
 * @param store - what is asked where nothing is kept
 * @param options - {@link CachedKeyStoreOptions}
 * @returns a store that rejects with what the one behind throws: failures are not kept
 * @throws TypeError for an option that is unknown or out of its range; the message names it
 */
export function cachedKeyStore<User>(store: KeyStore<User>, options: CachedKeyStoreOptions = {}): CachedKeyStore<User> {
  checkKeyStore('store', store);
  if (dependsOnHint(store)) {
    throw new TypeError(
      'store: finds other keys for other tokens of a user (JWK sets), which cached() would mix up; put cached() inside',
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
  // Apart, so that names that strangers make up push out no user.
  const strangers = new BoundedMap<string, Entry<User>>(Math.ceil(most / 10));
  const loading = new Map<string, Loading<User>>();
  let known: unknown;
  let lookedAt = Number.NEGATIVE_INFINITY;
  /** Raised whenever what is being loaded must not be kept. */
  let generation = 0;

  function forget(username?: string): void {
    generation += 1;
    if (username === undefined) {
      users.clear();
      strangers.clear();
      loading.clear();
    } else for (const map of [users, strangers, loading]) map.delete(username);
  }

  function lookForChanges(at: number): void {
    if (revision === undefined || at - lookedAt < REVISION_STANDS) return;
    let present: unknown;
    try {
      present = revision();
    } catch {
      // A value that nothing equals.
      present = {};
    }
    lookedAt = at;
    if (present === known) return;
    known = present;
    forget();
  }

  function keptFor(username: string, at: number): Entry<User> | undefined {
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

  /** What is no longer loading goes, whatever was forgotten meanwhile; but not what was begun in its place. */
  function begin(username: string, hint: Hint, at: number) {
    const record = load(username, hint, at);
    loading.set(username, { record, at });
    const end = () => {
      if (loading.get(username)?.record === record) loading.delete(username);
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
      lookForChanges(at);
      const entry = keptFor(username, at);
      if (entry !== undefined) return entry.record;
      // An answer that has been under way for longer may be older than a change that is to count by now.
      const present = loading.get(username);
      return present !== undefined && at - present.at < sharedFor ? present.record : begin(username, hint, at);
    },
  };
}
