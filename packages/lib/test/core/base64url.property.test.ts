/** Decoding is exact: a string is accepted if and only if an encoder produces it. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  decodeBase64url,
  decodedLength,
  decodeSignature,
  decodeTextSegment,
  hasForeignCharacters,
} from '../../src/core/base64url.ts';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const ours = fc.constantFrom(...ALPHABET);
/** Characters of the standard alphabet, characters that decoders skip, and characters with a low byte in our alphabet. */
const foreign = fc.oneof(
  fc.constantFrom(...'+/=. \t\r\n\0,"'),
  fc.integer({ min: 0x80, max: 0xff }).map((unit) => String.fromCharCode(unit)),
  fc
    .tuple(fc.integer({ min: 1, max: 255 }), ours)
    .map(([high, low]) => String.fromCharCode(high * 256 + low.charCodeAt(0))),
  fc.integer({ min: 0x100, max: 0xffff }).map((unit) => String.fromCharCode(unit)),
);
const text = fc.oneof(
  fc.string({ unit: ours, maxLength: 40, size: 'max' }),
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc
    .tuple(fc.string({ unit: ours, maxLength: 20 }), foreign, fc.string({ unit: ours, maxLength: 20 }))
    .map((parts) => parts.join('')),
  fc
    .array(fc.oneof({ weight: 8, arbitrary: ours }, foreign), { maxLength: 30, size: 'max' })
    .map((characters) => characters.join('')),
  fc.uint8Array({ maxLength: 40, size: 'max' }).map((bytes) => Buffer.from(bytes).toString('base64url')),
  fc.uint8Array({ maxLength: 40, size: 'max' }).map((bytes) => Buffer.from(bytes).toString('base64')),
);
/** Returns whether a string is unchanged after decoding and encoding. */
const isCanonical = (one: string) => Buffer.from(one, 'base64url').toString('base64url') === one;
const thorough = { numRuns: 20_000 };

describe('decodeBase64url', () => {
  test('accepts a string if and only if an encoder produces it', () => {
    fc.assert(
      fc.property(text, (one) => {
        const bytes = decodeBase64url(one);
        expect(bytes !== undefined).toBe(isCanonical(one));
        if (bytes !== undefined) expect(Buffer.from(bytes)).toStrictEqual(Buffer.from(one, 'base64url'));
      }),
      thorough,
    );
  });

  test('decodes every encoded sequence of bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 500, size: 'max' }), (bytes) => {
        const one = Buffer.from(bytes).toString('base64url');
        expect(Buffer.from(decodeBase64url(one) ?? [])).toStrictEqual(Buffer.from(bytes));
        expect(decodedLength(one)).toBe(bytes.length);
      }),
    );
  });

  test('of all strings that differ only in the last character, accepts only the canonical ones', () => {
    for (const start of ['', 'A', 'AA', 'AAA', 'AAAA', 'Zm9vYg', 'Zm9vYmF']) {
      const texts = [...ALPHABET].map((last) => start + last);
      const read = texts.filter((one) => decodeBase64url(one) !== undefined);
      expect(read).toEqual(texts.filter(isCanonical));
    }
  });

  test('refuses every character outside the alphabet, in every position', () => {
    for (let unit = 0; unit <= 0xffff; unit++) {
      const character = String.fromCharCode(unit);
      const isOurs = ALPHABET.includes(character);
      for (const [before, after] of [
        ['', 'AAA'],
        ['AA', 'A'],
        ['AAA', ''],
      ] as const) {
        if ((decodeBase64url(before + character + after) !== undefined) !== isOurs)
          expect.fail(`U+${unit.toString(16)}`);
      }
    }
  });
});

describe('decodeTextSegment', () => {
  test('accepts only canonical base64url of well-formed UTF-8', () => {
    fc.assert(
      fc.property(text, (one) => {
        fc.pre(!hasForeignCharacters(one));
        const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
        let expected: string | undefined;
        try {
          expected = isCanonical(one) ? decoder.decode(Buffer.from(one, 'base64url')) : undefined;
        } catch {
          // The bytes are not valid UTF-8.
        }
        expect(decodeTextSegment(one)).toBe(expected);
        const bytes = Buffer.from(one, 'base64url');
        expect(decodeSignature(one)).toStrictEqual(isCanonical(one) ? new Uint8Array(bytes) : undefined);
      }),
      thorough,
    );
  });

  test('decodes every encoded string', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 1000, size: 'max' }), (any) => {
        const one = any.toWellFormed();
        expect(decodeTextSegment(Buffer.from(one).toString('base64url'))).toBe(one);
      }),
    );
  });

  test('returns no part of a longer string that it decoded before', () => {
    decodeTextSegment(Buffer.from('a longer text than the next').toString('base64url'));
    expect(decodeTextSegment(Buffer.from('short').toString('base64url'))).toBe('short');
    expect(decodeTextSegment('')).toBe('');
  });
});

describe('decodeSignature', () => {
  test('returns bytes that no later signature overwrites', () => {
    const signature = fc.uint8Array({ minLength: 1, maxLength: 6144, size: 'max' });
    fc.assert(
      fc.property(fc.array(signature, { minLength: 2, maxLength: 30 }), (list) => {
        const decoded = list.map((bytes) => decodeSignature(Buffer.from(bytes).toString('base64url')));
        expect(decoded).toStrictEqual(list);
      }),
      { numRuns: 300 },
    );
  });
});
