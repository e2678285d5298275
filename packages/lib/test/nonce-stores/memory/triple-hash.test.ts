/** Tests the keyed hash of the memory store: different triples have different hashes, which cannot be predicted without the key. */
import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TripleHash } from '../../../src/nonce-stores/memory/triple-hash.ts';

type Triple = readonly [username: string, time: number, nonce: string | number];

const KEY = Int32Array.of(0x03020100, 0x07060504);
function hash([username, time, nonce]: Triple, key = KEY): string {
  const triple = new TripleHash(key);
  triple.update(username, time, nonce);
  return `${triple.low >>> 0} ${triple.high >>> 0}`;
}

/** Returns a string that is the same for equal triples only: JSON does not distinguish 0 and -0, and escapes lone surrogates. */
const nameOf = (triple: Triple) => JSON.stringify(triple);

function* everyString(units: readonly string[], longest: number): Generator<string> {
  let level = [''];
  for (let length = 0; length <= longest; length++) {
    yield* level;
    level = level.flatMap((start) => units.map((unit) => start + unit));
  }
}

/** Returns the string whose UTF-16 code units are the bits of a number. */
const textOfBits = (number: number) => String.fromCharCode(...new Uint16Array(Float64Array.of(number).buffer));

const endings = (length: number) => ['u'.repeat(length), '\0'.repeat(length), `${'u'.repeat(length)}v`];

/** Triples with the smallest possible differences. */
function* nearlyEqual(): Generator<Triple> {
  const times = [
    1,
    1.5,
    2,
    7,
    0.5,
    2 ** 31,
    2 ** 32,
    2 ** 53 - 1,
    1_700_000_000,
    1_700_000_000 + 2 ** -22,
    1_700_000_000 - 2 ** -22,
  ];
  // Delimiters, NUL, code units with only the upper byte or the highest bit set, and lone surrogates.
  const units = ['a', ':', '\0', '\u0001', '\u0100', '\u8000', '\uffff', '\ud800', '\udc00'];
  for (const text of everyString(units, 4)) {
    for (let at = 0; at <= text.length; at++) yield [text.slice(0, at), 1, text.slice(at)];
  }
  for (const text of everyString(['a', '\0', '\uffff'], 6)) {
    for (const time of times.slice(0, 4))
      for (let at = 0; at <= text.length; at++) yield [text.slice(0, at), time, text.slice(at)];
  }
  const numbers = [0, -0, 1, -1, 7, 7.5, 0.1, 2 ** 53, 1e21, 5e-324, Number.MAX_VALUE, -Number.MAX_VALUE, ...times];
  for (const time of times) {
    for (const number of numbers) {
      for (const username of everyString(['a', '\0'], 5)) {
        yield [username, time, number];
        yield [username, time, String(number)];
        yield [`${username}${number}`, time, 'n'];
        if (number > 0) yield [username, number, time];
      }
    }
  }
  for (const number of numbers)
    yield* [
      ['a', 1, textOfBits(number)],
      [textOfBits(number), 1, 'a'],
      [`a${textOfBits(1)}`, 1, number],
    ] as Triple[];
  // Long strings come last, because they make the hash's buffer grow.
  for (let length = 0; length < 2100; length++) yield* endings(length).map((text): Triple => [text, 1, 'n']);
  for (let length = 0; length < 1200; length++) yield* endings(length).map((text): Triple => ['u', 1, text]);
  for (let length = 4000; length < 4200; length++) yield* endings(length).map((text): Triple => ['u', 1, text]);
  for (let counter = 0; counter < 100_000; counter++) yield ['alice', 1_700_000_000, `n${counter.toString(36)}`];
  for (let counter = 0; counter < 50_000; counter++) yield ['alice', 1_700_000_000 + counter / 1024, 'n'];
}

test('no two of 250 000 similar triples have the same hash', () => {
  const byHash = new Map<string, string>();
  const names = new Set<string>();
  for (const triple of nearlyEqual()) {
    const name = nameOf(triple);
    names.add(name);
    const one = hash(triple);
    const known = byHash.get(one);
    if (known !== undefined && known !== name) expect.fail(`${known} and ${name} have the same hash`);
    byHash.set(one, name);
  }
  expect(byHash.size).toBe(names.size);
  expect(names.size).toBeGreaterThan(250_000);
});

test.each<[what: string, one: Triple, other: Triple]>([
  ['0 and -0', ['a', 1, 0], ['a', 1, -0]],
  ['7 and 7.0', ['a', 1, 7], ['a', 1, JSON.parse('7.0')]],
  ['1e21 and its digits', ['a', 1, 1e21], ['a', 1, JSON.parse('1000000000000000000000')]],
  ['a time with and without a fraction of zero', ['a', 1_700_000_000, 'n'], ['a', JSON.parse('1700000000.0'), 'n']],
])('%s have the same hash', (_what, one, other) => {
  expect(hash(one)).toBe(hash(other));
});

test('a triple has the same hash again, whatever was hashed in between', () => {
  const text = fc.string({ unit: 'binary', maxLength: 40 });
  const triple: fc.Arbitrary<Triple> = fc.tuple(text, fc.double(), fc.oneof(text, fc.double({ noNaN: true })));
  fc.assert(
    fc.property(triple, triple, fc.nat(3000), (one, other, long) => {
      const first = hash(one);
      hash(other);
      hash(['u'.repeat(long), 1, 'n'.repeat(long)]);
      expect(hash(one)).toBe(first);
    }),
  );
});

describe('the key', () => {
  const triple: Triple = ['alice', 1_700_000_000, 'nonce'];

  test('determines the hash: 1000 keys give 1000 hashes', () => {
    const hashes = Array.from({ length: 1000 }, () =>
      hash(triple, new Int32Array(new Uint8Array(randomBytes(8)).buffer)),
    );
    expect(new Set(hashes).size).toBe(1000);
  });

  test('affects the hash with each of its bits', () => {
    const hashes = new Set([hash(triple)]);
    for (let bit = 0; bit < 64; bit++) {
      const other = KEY.slice();
      other[bit >> 5] = (other[bit >> 5] as number) ^ (1 << (bit & 31));
      hashes.add(hash(triple, other));
    }
    expect(hashes.size).toBe(65);
  });
});

/** Computes HalfSipHash-c-d with 64 bits of output, as in Aumasson and Bernstein, "SipHash: a fast short-input PRF". */
function halfSipHash(c: number, d: number, [k0, k1]: readonly [number, number], message: readonly number[]): string {
  const v = Int32Array.of(k0, k1, 0x6c796765 ^ k0, 0x74656462 ^ k1) as unknown as [number, number, number, number];
  const turn = (word: number, by: number) => (word << by) | (word >>> (32 - by));
  const rounds = (count: number) => {
    for (let round = 0; round < count; round++) {
      v[0] += v[1];
      v[1] = turn(v[1], 5) ^ v[0];
      v[0] = turn(v[0], 16);
      v[2] += v[3];
      v[3] = turn(v[3], 8) ^ v[2];
      v[0] += v[3];
      v[3] = turn(v[3], 7) ^ v[0];
      v[2] += v[1];
      v[1] = turn(v[1], 13) ^ v[2];
      v[2] = turn(v[2], 16);
    }
  };
  v[1] ^= 0xee;
  for (const word of message) {
    v[3] ^= word;
    rounds(c);
    v[0] ^= word;
  }
  v[2] ^= 0xee;
  rounds(d);
  const first = v[1] ^ v[3];
  v[1] ^= 0xdd;
  rounds(d);
  return `${first >>> 0} ${(v[1] ^ v[3]) >>> 0}`;
}

test('the hash is HalfSipHash-1-3 of time and nonce, keyed with the HalfSipHash-1-3 of the username', () => {
  const word = (bytes: string) => Buffer.from(bytes, 'hex').readUInt32LE();
  const published = (bytes: string) => `${word(bytes.slice(0, 8))} ${word(bytes.slice(8))}`;
  const key = [KEY[0], KEY[1]] as [number, number];
  // The published vectors of HalfSipHash-2-4 for 0, 4 and 8 bytes; the last word holds the length.
  expect(halfSipHash(2, 4, key, [0])).toBe(published('218d1f59b9b83cc8'));
  expect(halfSipHash(2, 4, key, [0x03020100, 0x04000000])).toBe(published('d5e78a175be52ea1'));
  expect(halfSipHash(2, 4, key, [0x03020100, 0x07060504, 0x08000000])).toBe(published('edfee820bce4858c'));

  const wordsOf = (number: number) => [...new Int32Array(Float64Array.of(number).buffer)];
  const alice = halfSipHash(1, 3, key, [5, 0x006c0061, 0x00630069, 0x65]);
  const triple = new TripleHash(KEY);
  triple.update('alice', 7, 'ab');
  expect(`${triple.userLow >>> 0} ${triple.userHigh >>> 0}`).toBe(alice);

  const her = alice.split(' ').map(Number) as [number, number];
  expect(hash(['alice', 7, 'ab'])).toBe(halfSipHash(1, 3, her, [2, ...wordsOf(7), 0x00620061]));
  expect(hash(['alice', 7, 'abc'])).toBe(halfSipHash(1, 3, her, [3, ...wordsOf(7), 0x00620061, 0x63]));
  expect(hash(['alice', 7, ''])).toBe(halfSipHash(1, 3, her, [0, ...wordsOf(7)]));
  expect(hash(['alice', 7, 0.1])).toBe(halfSipHash(1, 3, her, [-1, ...wordsOf(7), ...wordsOf(0.1)]));
});

test('no two of 20 000 usernames have the same hash', () => {
  const names = new Set<string>();
  const users = new Set<string>();
  const triple = new TripleHash(KEY);
  const see = (name: string) => {
    triple.update(name, 1, 'n');
    names.add(name);
    users.add(`${triple.userLow} ${triple.userHigh}`);
  };
  for (const name of everyString(['a', ':', '\0', '\u0100', '\uffff'], 5)) see(name);
  for (let counter = 0; counter < 16_000; counter++) see(`user${counter}`);
  expect(users.size).toBe(names.size);
  expect(names.size).toBeGreaterThan(19_000);
});

test('changing one bit of the input changes about half of the bits in both words of the hash', () => {
  const ones = (word: number) => word.toString(2).replaceAll('0', '').length;
  const changed = [0, 0];
  const rounds = 2000;
  for (let round = 0; round < rounds; round++) {
    const triple = new TripleHash(KEY);
    triple.update('alice', 1_700_000_000, `n${round}`);
    const { low, high } = triple;
    triple.update('alice', 1_700_000_000, `o${round}`);
    changed[0] = (changed[0] as number) + ones((triple.low ^ low) >>> 0);
    changed[1] = (changed[1] as number) + ones((triple.high ^ high) >>> 0);
  }
  for (const count of changed) {
    expect(count / rounds).toBeGreaterThan(15.5);
    expect(count / rounds).toBeLessThan(16.5);
  }
});
