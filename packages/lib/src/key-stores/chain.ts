/** Several key stores as one: each user is in the first that has it. */
import type { KeyHint, KeyStore, UserRecord, VerificationKey } from '../core/contracts.ts';

/**
 * Makes a store that asks others in turn. The first one that has the user decides alone: keys are not merged, and who is disabled, or has
 * no keys, in one store is not looked for in the next. A store that fails stops the search, as it might have known better.
 *
 * @param stores - in the order in which they are asked; users of all of them are of one type, or of several
 * @returns a store that tells of uses to the one which gave the key
 * @throws TypeError for what is no key store, and where there is none
 */
export function chain<Users extends readonly unknown[]>(
  ...stores: { readonly [Index in keyof Users]: KeyStore<Users[Index]> }
): KeyStore<Users[number]> {
  const all = stores as readonly KeyStore<Users[number]>[];
  if (all.length === 0 || !all.every((store) => typeof store?.find === 'function')) {
    throw new TypeError('chain: needs key stores, one at least');
  }
  /** Who gave a key, for `used`: as long as somebody holds the key. */
  const givers = new WeakMap<VerificationKey, KeyStore<Users[number]>>();

  function isHere(
    record: UserRecord<Users[number]> | undefined,
    username: string,
    store: KeyStore<Users[number]>,
  ): boolean {
    // A store that compares with less care has somebody else.
    if (record?.username !== username) return false;
    for (const { key } of record.keys) givers.set(key, store);
    return true;
  }

  async function findLater(
    found: PromiseLike<UserRecord<Users[number]> | undefined>,
    at: number,
    username: string,
    hint: KeyHint,
  ): Promise<UserRecord<Users[number]> | undefined> {
    const record = await found;
    return isHere(record, username, all[at] as KeyStore<Users[number]>) ? record : findFrom(at + 1, username, hint);
  }

  function findFrom(first: number, username: string, hint: KeyHint): ReturnType<KeyStore<Users[number]>['find']> {
    for (const [at, store] of all.entries()) {
      if (at < first) continue;
      const found = store.find(username, hint);
      if (found !== undefined && 'then' in found) return findLater(found, at, username, hint);
      if (isHere(found, username, store)) return found;
    }
    return undefined;
  }

  return {
    find: (username, hint) => findFrom(0, username, hint),
    used: (key, at) => givers.get(key)?.used?.(key, at),
  };
}
