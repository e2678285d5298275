import { describe, expect, test } from 'vitest';
import { decodeBase64url } from '../../src/core/base64url.ts';

describe('decodeBase64url', () => {
  test.each(['', 'AA', 'AAA', 'AAAA', '_-_-', 'Zm9vYg', 'Zm9vYmE', 'Zm9vYmFy'])('accepts %j', (text) => {
    expect(Buffer.from(decodeBase64url(text) as Uint8Array).toString('base64url')).toBe(text);
  });

  test.each([
    ['a single character', 'A'],
    ['a length of 1 modulo 4', 'AAAAA'],
    ['padding', 'AA=='],
    ['padding inside', 'AA=A'],
    ['the base64 alphabet', 'AA+A'],
    ['the base64 alphabet', 'AA/A'],
    ['white space', 'AA A'],
    ['a line break', 'AAAA\n'],
    ['spare bits of one byte', 'AB'],
    ['spare bits of two bytes', 'AAB'],
    ['a character beyond ASCII', 'AA\u00c1A'],
    ['a character whose low byte is in the alphabet', 'AA\u0141A'],
    ['a dot', 'AA.A'],
    ['NUL', 'AA\0A'],
  ])('refuses %s: %j', (_what, text) => {
    expect(decodeBase64url(text)).toBeUndefined();
  });
});
