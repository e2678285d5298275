/** In printed text from a sender, nothing can move the cursor, reverse a line, forge a log line, or be invisible. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { printable } from '../../src/core/printable.ts';

/** Control characters, format characters, line separators, and characters without a glyph. */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}\p{Cn}]/u;

/** Decodes the result of `printable`. */
const readBack = (text: string) =>
  text.replace(/\\u\{([0-9a-f]+)\}/g, (_all, hex: string) => String.fromCodePoint(Number.parseInt(hex, 16)));

const any = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 80 }),
  fc.array(fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit))).map((units) => units.join('')),
  fc
    .array(
      fc.constantFrom(
        '\\',
        '\\u{',
        '\\u{5c}',
        '{',
        '}',
        'u',
        '5c',
        '\u202e',
        '\x1b[2J',
        '\r\n',
        '\ud800',
        '\udc00',
        'é',
        '😀',
      ),
    )
    .map((parts) => parts.join('')),
);

describe('printable', () => {
  test('leaves only Unicode letters, marks, numbers, symbols and spaces unchanged', () => {
    for (let point = 0; point <= 0x10ffff; point++) {
      const character = String.fromCodePoint(point);
      const expected = UNSAFE.test(character) || character === '\\' ? `\\u{${point.toString(16)}}` : character;
      if (printable(character) !== expected) expect.fail(`U+${point.toString(16)}: ${printable(character)}`);
    }
  });

  test.each([
    ['NUL', '\0', '\\u{0}'],
    ['a line break', 'a\r\nb', 'a\\u{d}\\u{a}b'],
    ['a terminal escape', '\x1b[31m', '\\u{1b}[31m'],
    ['a C1 control', '\u009b31m', '\\u{9b}31m'],
    ['bidi overrides', '\u202ea\u202c', '\\u{202e}a\\u{202c}'],
    ['bidi isolates', '\u2066a\u2069', '\\u{2066}a\\u{2069}'],
    ['bidi marks', '\u200e\u200f\u061c', '\\u{200e}\\u{200f}\\u{61c}'],
    ['invisible characters', '\u200b\u2060\ufeff\u00ad', '\\u{200b}\\u{2060}\\u{feff}\\u{ad}'],
    ['line separators', '\u0085\u2028\u2029', '\\u{85}\\u{2028}\\u{2029}'],
    ['lone surrogates', 'a\ud800\udbff', 'a\\u{d800}\\u{dbff}'],
    ['tags', '\u{e0041}', '\\u{e0041}'],
    ['private use', '\ue000', '\\u{e000}'],
    ['a backslash', 'a\\u{a}', 'a\\u{5c}u{a}'],
    ['names in any script', 'Жук 李雷 é 😀', 'Жук 李雷 é 😀'],
  ])('prints %s safely', (_what, text, expected) => {
    expect(printable(text)).toBe(expected);
  });

  test('escapes unsafe characters in any string, and its result can be decoded', () => {
    fc.assert(
      fc.property(any, (text) => {
        const written = printable(text, 10_000);
        expect(UNSAFE.test(written)).toBe(false);
        expect(readBack(written)).toBe(text);
      }),
      { numRuns: 5000 },
    );
  });

  test('truncates text at the limit, and marks this with …', () => {
    expect(printable('a'.repeat(600))).toBe('a'.repeat(600));
    expect(printable('a'.repeat(601))).toBe(`${'a'.repeat(600)}…`);
    expect(printable('abc', 2)).toBe('ab…');
  });

  test('escapes a character that the limit cuts in half', () => {
    expect(printable('a😀', 2)).toBe('a\\u{d83d}…');
    fc.assert(
      fc.property(any, fc.nat(20), (text, limit) => {
        expect(UNSAFE.test(printable(text, limit))).toBe(false);
      }),
    );
  });
});
