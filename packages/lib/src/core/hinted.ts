/** Key stores whose answer depends on the token's own hint: two tokens of one user may find different keys. */

const hinted = new WeakSet<object>();

/** Notes that a store depends on the hint, so that nobody keeps its answers. @returns the store */
export function hintedStore<Store extends object>(store: Store): Store {
  hinted.add(store);
  return store;
}

/** Whether a store was made by {@link hintedStore}. */
export function dependsOnHint(store: object): boolean {
  return hinted.has(store);
}
