/** A map with room for a fixed number of entries. */

/**
 * Keeps the entries that were used last: a new entry that finds no room replaces the least recently used one.
 *
 * It keeps the key that `set` was called with, also when `get` is called with an equal string. A caller whose keys are cut out of
 * larger strings passes copies to `set` (`ownText`), and need not copy for each lookup.
 */
export class BoundedMap<Key, Value> {
  readonly #most: number;
  /** The least recently used entry comes first. */
  readonly #entries = new Map<Key, readonly [Key, Value]>();

  /** @param most - entries that there is room for, at least 1 */
  constructor(most: number) {
    this.#most = most;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Returns the value of a key, and makes its entry the most recently used one. */
  get(key: Key): Value | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#entries.delete(key);
    this.#entries.set(entry[0], entry);
    return entry[1];
  }

  /** Adds or replaces an entry, and makes it the most recently used one. */
  set(key: Key, value: Value): void {
    this.#entries.delete(key);
    if (this.#entries.size >= this.#most) this.#entries.delete(this.#entries.keys().next().value as Key);
    this.#entries.set(key, [key, value]);
  }

  delete(key: Key): void {
    this.#entries.delete(key);
  }

  clear(): void {
    this.#entries.clear();
  }
}
