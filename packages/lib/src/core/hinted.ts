/** Marks key stores that use the hint. They can return different keys for two tokens of one user. */

const hinted = new WeakSet<object>();

/** Marks a store that uses the hint. Its results are then not cached. @returns the store */
export function hintedStore<Store extends object>(store: Store): Store {
  hinted.add(store);
  return store;
}

/** Returns whether {@link hintedStore} has marked a store. */
export function dependsOnHint(store: object): boolean {
  return hinted.has(store);
}
