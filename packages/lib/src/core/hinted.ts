/** Marks key stores that use the hint, so that two tokens of one user may find different keys. */

const hinted = new WeakSet<object>();

/** Marks a store that uses the hint, so that its results are not cached. @returns the store */
export function hintedStore<Store extends object>(store: Store): Store {
  hinted.add(store);
  return store;
}

/** Returns whether a store is marked by {@link hintedStore}. */
export function dependsOnHint(store: object): boolean {
  return hinted.has(store);
}
