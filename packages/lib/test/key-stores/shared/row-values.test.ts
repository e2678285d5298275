import { describe, expect, test } from 'vitest';
import { idOf, isHeld, isMarked, keyTextOf, secondsOf } from '../../../src/key-stores/shared/row-values.ts';

const bytes = (...values: number[]) => Uint8Array.from(values);

describe('a column such as revoked or deleted_at', () => {
  test.each([null, undefined, false, 0, 0n, bytes(0)])('is not set by %o', (value) => {
    expect(isMarked(value)).toBe(false);
  });
  test.each([true, 1, 1n, -1, Number.NaN, bytes(1), 'f', '', '0', new Date(), {}])('is set by %o', (value) => {
    expect(isMarked(value)).toBe(true);
  });
});

describe('a column such as is_active', () => {
  test.each([true, 1, 1n, bytes(1)])('is true for %o', (value) => {
    expect(isHeld(value)).toBe(true);
  });
  test.each([false, 0, 0n, null, undefined, bytes(0), bytes(), 't', 'true', '1', new Date(), {}])(
    'is not true for %o',
    (value) => {
      expect(isHeld(value)).toBe(false);
    },
  );
});

describe('a time', () => {
  test.each([
    [1_800_000_000, 1_800_000_000],
    [1_800_000_000_500, 1_800_000_000.5],
    [1_800_000_000n, 1_800_000_000],
    ['1800000000.25', 1_800_000_000.25],
    ['1800000000000', 1_800_000_000],
    [0, 0],
    [new Date('2027-01-15T08:00:00Z'), 1_800_000_000],
    ['2027-01-15 08:00:00', 1_800_000_000],
    ['2027-01-15T08:00:00.500Z', 1_800_000_000.5],
    ['2027-01-15 08:00:00.123456+00', 1_800_000_000.123],
    ['2027-01-15 13:30:00+05:30', 1_800_000_000],
    ['2027-01-15 03:00:00-0500', 1_800_000_000],
  ])('is read from %o', (value, seconds) => {
    expect(secondsOf(value)).toBe(seconds);
  });

  test.each([
    'never',
    '',
    '2027-01-15',
    '2027-13-15 08:00:00',
    '15.01.2027 08:00:00',
    'infinity',
    Number.NaN,
    Number.POSITIVE_INFINITY,
    new Date('x'),
    true,
    {},
  ])('is not read from %o', (value) => {
    expect(() => secondsOf(value)).toThrow(TypeError);
  });
});

test('different ids of any type become different strings', () => {
  const ids = [1, 2n, 'a', bytes(0xff, 1), bytes(0xfe, 1), '01890a5d-ac96-774b-bcce-b302099a8057'].map(idOf);
  expect(new Set(ids).size).toBe(ids.length);
  expect(idOf(7n)).toBe(idOf(7));
});

test('a key column can contain text, bytes or JSON; any other value becomes a string that is not a valid key', () => {
  expect(keyTextOf('ssh-ed25519 AAAA')).toBe('ssh-ed25519 AAAA');
  expect(keyTextOf(new TextEncoder().encode('ssh-ed25519 AAAA'))).toBe('ssh-ed25519 AAAA');
  expect(keyTextOf({ kty: 'OKP' })).toBe('{"kty":"OKP"}');
  expect(keyTextOf(7n)).toBe('7');
  for (const nothing of [null, undefined, '']) expect(keyTextOf(nothing)).toBeUndefined();
});
