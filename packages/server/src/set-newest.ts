/**
 * Adds or replaces an entry of a map, and makes it the newest. If the map is full, the oldest entry is removed.
 *
 * @param max - maximum number of entries, at least 1
 */
export function setNewest<Key, Value>(map: Map<Key, Value>, key: Key, value: Value, max: number): void {
  map.delete(key);
  if (map.size >= max) map.delete(map.keys().next().value as Key);
  map.set(key, value);
}
