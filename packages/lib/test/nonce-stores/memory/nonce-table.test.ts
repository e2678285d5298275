/** Tests that the flat table of hashes behaves like a Map, even if all hashes belong in one slot. */

import { withoutMemory } from 'ajwt-testkit/without-memory';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { NonceTable } from '../../../src/nonce-stores/memory/nonce-table.ts';

type Entry = readonly [low: number, high: number, holder: number];

/** Adds new entries to a table and to a Map, and compares the two after each entry. */
function fill(
  entries: Iterable<Entry>,
  { table, model } = { table: new NonceTable(), model: new Map<string, Entry>() },
) {
  for (const [low, high, holder] of entries) {
    const name = `${low} ${high}`;
    expect(table.has(low, high)).toBe(model.has(name));
    if (model.has(name)) continue;
    table.add(low, high, holder);
    model.set(name, [low, high, holder]);
    expect(table.has(low, high)).toBe(true);
    expect(table.size).toBe(model.size);
    expect(table.size * 5).toBeLessThanOrEqual(table.places * 4);
  }
  return { table, model };
}

const holdersOf = (table: NonceTable) =>
  Array.from({ length: table.places }, (_, place) => table.holderAt(place)).filter((holder) => holder !== 0);
const ascending = (one: number, other: number) => one - other;

function expectSame({ table, model }: ReturnType<typeof fill>): void {
  for (const [low, high] of model.values()) expect(table.has(low, high)).toBe(true);
  expect(holdersOf(table).sort(ascending)).toEqual([...model.values()].map(([, , holder]) => holder).sort(ascending));
}

const word = fc.integer({ min: 0, max: 0xffff_ffff });
/** Words that collide at every size of the table, including at its end, where the search wraps around. */
const meeting = fc.oneof(fc.constantFrom(0, 1, 15, 16, 31, 0xffff_fff0, 0xffff_ffff), word);
const holder = fc.integer({ min: 1, max: 0xffff_ffff });
const entries = fc.array(fc.tuple(meeting, meeting, holder), { maxLength: 200, size: 'max' });

describe('NonceTable', () => {
  test('behaves like a Map, with or without initial capacity', () => {
    fc.assert(
      fc.property(entries, fc.nat(300), meeting, meeting, (some, expected, low, high) => {
        const filled = fill(some, { table: new NonceTable(expected), model: new Map() });
        expectSame(filled);
        expect(filled.table.has(low, high)).toBe(filled.model.has(`${low} ${high}`));
      }),
      { numRuns: 300 },
    );
  });

  test('behaves like a Map if all entries belong in one slot', () => {
    fc.assert(
      fc.property(
        meeting,
        fc.uniqueArray(fc.tuple(word, holder), { maxLength: 100, size: 'max', selector: ([high]) => high }),
        (low, some) => {
          const filled = fill(some.map(([high, by]): Entry => [low, high, by]));
          expectSame(filled);
          expect(filled.model.size).toBe(some.length);
          // An entry with the same upper half but another slot is a different entry.
          for (const [high] of some) expect(filled.table.has(low ^ 1, high)).toBe(false);
        },
      ),
    );
  });

  test('keeps 100 000 entries while it grows from an empty table', () => {
    const table = new NonceTable();
    for (let index = 0; index < 100_000; index++) table.add((index * 0x9e37_79b1) >>> 0, index, (index % 7) + 1);
    expect(table.size).toBe(100_000);
    for (let index = 0; index < 100_000; index++) {
      if (!table.has((index * 0x9e37_79b1) >>> 0, index)) expect.fail(`entry ${index} is lost`);
      if (table.has((index * 0x9e37_79b1) >>> 0, index + 100_000))
        expect.fail(`an entry that was never added is found for ${index}`);
    }
    expect(holdersOf(table)).toHaveLength(100_000);
    expect(table.places).toBe(131_072);
  });

  test('moves at most eight entries for each new entry, however often it grows', () => {
    const table = new NonceTable();
    const isGrowing = () => Math.log2(table.places) % 1 !== 0;
    /** Counts the entries in the new, larger part. */
    const count = () => {
      const places = isGrowing() ? (table.places * 2) / 3 : table.places;
      let taken = 0;
      for (let place = 0; place < places; place++) if (table.holderAt(place) !== 0) taken++;
      return taken;
    };
    let most = 0;
    let times = 0;
    for (let index = 0; index < 4000; index++) {
      const [before, grew] = [count(), isGrowing()];
      table.add((index * 0x9e37_79b1) >>> 0, index, 1);
      // When the table begins to grow, the new part contains only the added entry.
      if (grew) most = Math.max(most, count() - before - 1);
      else if (isGrowing()) expect([count(), times++]).toEqual([1, expect.any(Number)]);
    }
    expect(times, 'number of times that it grew').toBeGreaterThan(7);
    expect([most <= 8, most > 0]).toEqual([true, true]);
    expect(count()).toBe(4000);
  });

  test.each([0, 1, 12, 13, 1000, 52_429])(
    'with initial capacity for %d entries grows only when it has more',
    (expected) => {
      const table = new NonceTable(expected);
      const { places } = table;
      for (let index = 0; index < expected; index++) table.add(index, 0, 1);
      expect(table.places).toBe(places);
      expect(places).toBeLessThan(Math.max(20, expected * 2.6));
    },
  );

  test('stays unchanged if there is not enough memory to grow, and grows later', () => {
    const entry = (index: number): Entry => [(index * 0x9e37_79b1) >>> 0, index, index + 1];
    const filled = fill(Array.from({ length: 100 }, (_, index) => entry(index)));
    let [added, failed] = [100, 0];
    for (; added < 1000; added++) {
      const { places, size } = filled.table;
      withoutMemory(() => {
        try {
          filled.table.makeRoom();
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
          expect(() => filled.table.add(...entry(added))).toThrow(RangeError);
          failed += 1;
          expect([filled.table.places, filled.table.size]).toEqual([places, size]);
          expectSame(filled);
        }
      });
      fill([entry(added)], filled);
    }
    expectSame(filled);
    // It grows at 103, 205, 410 and 820 entries.
    expect(failed).toBe(4);
  });

  test('is empty when new', () => {
    const table = new NonceTable();
    expect([table.size, table.has(0, 0), holdersOf(table)]).toEqual([0, false, []]);
  });
});
