import { expect, test } from 'vitest';
import { BoundedMap } from '../../src/core/bounded-map.ts';

function filled(most: number, ...keys: readonly string[]): BoundedMap<string, string> {
  const map = new BoundedMap<string, string>(most);
  for (const key of keys) map.set(key, key.toUpperCase());
  return map;
}

/** Reads the keys in the given order, so that each becomes the most recently used one. */
const present = (map: BoundedMap<string, string>, keys: string) =>
  [...keys].filter((key) => map.get(key) !== undefined);

test('get() returns the value that was set, and undefined for any other key', () => {
  const map = filled(2, 'a');
  expect(map.get('a')).toBe('A');
  expect(map.get('b')).toBeUndefined();
  expect(map.size).toBe(1);
});

test('in a full map, a new entry replaces the oldest one', () => {
  expect(present(filled(2, 'a', 'b', 'c'), 'abc')).toEqual(['b', 'c']);
});

test('a read makes an entry the most recently used one', () => {
  const map = filled(2, 'a', 'b');
  map.get('a');
  map.set('c', 'C');
  expect(present(map, 'abc')).toEqual(['a', 'c']);
});

test('a replaced value makes its entry the most recently used one, and evicts nothing', () => {
  const map = filled(2, 'a', 'b');
  map.set('a', 'again');
  expect(map.size).toBe(2);
  map.set('c', 'C');
  expect(present(map, 'abc')).toEqual(['a', 'c']);
  expect(map.get('a')).toBe('again');
});

test('a deleted entry makes room for a new one', () => {
  const map = filled(2, 'a', 'b');
  map.delete('b');
  map.set('c', 'C');
  expect(present(map, 'abc')).toEqual(['a', 'c']);
  map.clear();
  expect(map.size).toBe(0);
});

test('the map never holds more entries than its limit', () => {
  const map = new BoundedMap<number, number>(3);
  for (let key = 0; key < 1000; key++) {
    map.set(key, key);
    map.get(key - 2);
    expect(map.size).toBeLessThanOrEqual(3);
  }
  expect(map.get(999)).toBe(999);
});
