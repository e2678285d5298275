/** Several key stores as one: each user is in the first that has it. */
import { checkKeyStore } from '../core/arguments.ts';
import type { KeyHint, KeyStore, UserRecord, VerificationKey } from '../core/contracts.ts';
import { dependsOnHint, hintedStore } from '../core/hinted.ts';
import { andThen } from '../core/maybe-promise.ts';

/**
 * Makes a store that asks others in turn. The first one that has the user decides alone: keys are not merged, and who is disabled, or has
 * no keys, in one store is not looked for in the next. A store that fails stops the search, as it might have known better.
 *
 * @param stores - in the order in which they are asked; users of all of them are of one type, or of several
 * @returns a store that tells of uses to the one which gave the key
 * @throws TypeError for what is no key store, and where there is none
 */
export function chainedKeyStore<Users extends readonly unknown[]>(
  ...stores: { readonly [Index in keyof Users]: KeyStore<Users[Index]> }
): KeyStore<Users[number]> {
  const all = stores as readonly KeyStore<Users[number]>[];
  if (all.length === 0) throw new TypeError('chainedKeyStore: needs at least one key store');
  for (const [at, store] of all.entries()) {
    if (Array.isArray(store))
      throw new TypeError(
        'chainedKeyStore: takes the stores one by one, as in chainedKeyStore(first, second), not an array',
      );
    checkKeyStore(`chainedKeyStore: store ${at + 1}`, store);
  }
  /** Who gave a key, for `used`: as long as somebody holds the key. */
  const givers = new WeakMap<VerificationKey, KeyStore<Users[number]>>();

  function isHere(
    record: UserRecord<Users[number]> | undefined | null,
    username: string,
    store: KeyStore<Users[number]>,
  ): record is UserRecord<Users[number]> {
    // A store that compares with less care has somebody else.
    if (record?.username !== username) return false;
    for (const { key } of record.keys) givers.set(key, store);
    return true;
  }

  type Found = UserRecord<Users[number]> | undefined;

  function findFrom(at: number, username: string, hint: KeyHint): Found | Promise<Found> {
    const store = all[at];
    if (store === undefined) return undefined;
    return andThen(store.find(username, hint), (record) =>
      isHere(record, username, store) ? record : findFrom(at + 1, username, hint),
    );
  }

  const store: KeyStore<Users[number]> = {
    find: (username, hint) => findFrom(0, username, hint),
    async readiness() {
      for (const store of all) {
        const state = await store.readiness?.();
        if (state?.ready === false) return state;
      }
      return { ready: true };
    },
    recordUse: (key, at) => givers.get(key)?.recordUse?.(key, at),
  };
  return all.some(dependsOnHint) ? hintedStore(store) : store;
}
