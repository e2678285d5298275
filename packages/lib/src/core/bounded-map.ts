/**
 * Keeps a limited number of entries. A new entry replaces the least recently used one if the map is full.
 *
 * The map keeps the string that you pass to `set`, even if you later pass an equal string to `get`. If your keys are slices of larger
 * strings, pass copies to `set` (`ownText`); lookups need no copies.
 */
export class BoundedMap<Key, Value> {
  readonly #most: number;
  /** The least recently used entry comes first. */
  readonly #entries = new Map<Key, readonly [Key, Value]>();

  /** @param most - the maximum number of entries, at least 1 */
  constructor(most: number) {
    this.#most = most;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Returns the value of a key, and marks its entry as the most recently used one. */
  get(key: Key): Value | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#entries.delete(key);
    this.#entries.set(entry[0], entry);
    return entry[1];
  }

  /** Adds or replaces an entry, and marks it as the most recently used one. */
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
