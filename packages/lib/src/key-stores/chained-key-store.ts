/** Combines several key stores. The first store that has a user decides. */
import { checkKeyStore } from '../core/arguments.ts';
import type { KeyHint, KeyStore, UserRecord, VerificationKey } from '../core/contracts.ts';
import { dependsOnHint, hintedStore } from '../core/hinted.ts';
import { andThen } from '../core/maybe-promise.ts';

/**
 * Creates a store that looks for a user in several stores, one after another. The first store that has the user decides, even if the user
 * is disabled or has no keys there. Keys of different stores are not merged. If a store fails, the lookup fails.
 *
 * @param stores - the stores, in lookup order; the types of their users may differ
 * @returns a store that passes calls of `recordUse` to the store that a key came from
 * @throws TypeError if an argument is not a key store, or if there are no arguments
 *
 * @example
 * ```ts
 * import { chainedKeyStore, memoryKeyStore, PrivateKey } from 'asymmetric-jwt-auth';
 *
 * const [staff, partners] = [memoryKeyStore(), memoryKeyStore()];
 * partners.addKey('acme', (await PrivateKey.generate()).publicKey);
 * const keys = chainedKeyStore(staff, partners);
 * const found = await keys.find('acme', { kid: undefined, alg: 'EdDSA' });
 * console.log(found?.keys.length); // 1
 * ```
 */
export function chainedKeyStore<Users extends readonly unknown[]>(
  ...stores: { readonly [Index in keyof Users]: KeyStore<Users[Index]> }
): KeyStore<Users[number]> {
  const all = stores as readonly KeyStore<Users[number]>[];
  if (all.length === 0) throw new TypeError('chainedKeyStore: needs at least one key store');
  for (const [at, store] of all.entries()) {
    if (Array.isArray(store))
      throw new TypeError(
        'chainedKeyStore: takes stores as separate arguments, chainedKeyStore(first, second), not as an array',
      );
    checkKeyStore(`chainedKeyStore: store ${at + 1}`, store);
  }
  /** The store that each key came from. */
  const origins = new WeakMap<VerificationKey, KeyStore<Users[number]>>();

  function isIn(
    record: UserRecord<Users[number]> | undefined | null,
    username: string,
    store: KeyStore<Users[number]>,
  ): record is UserRecord<Users[number]> {
    // The store may have found another user, for example if it ignores case.
    if (record?.username !== username) return false;
    for (const { key } of record.keys) origins.set(key, store);
    return true;
  }

  type Found = UserRecord<Users[number]> | undefined;

  function findFrom(at: number, username: string, hint: KeyHint): Found | Promise<Found> {
    const store = all[at];
    if (store === undefined) return undefined;
    return andThen(store.find(username, hint), (record) =>
      isIn(record, username, store) ? record : findFrom(at + 1, username, hint),
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
    recordUse: (key, at) => origins.get(key)?.recordUse?.(key, at),
  };
  return all.some(dependsOnHint) ? hintedStore(store) : store;
}
