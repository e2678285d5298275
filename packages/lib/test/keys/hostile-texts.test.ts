/** Texts of the maximum length that could be slow to parse, or are deeply nested, are quickly refused with a KeyError. */
import { expect, test } from 'vitest';
import { KeyError, PrivateKey, PublicKey } from '../../src/index.ts';

const TEXTS: readonly (readonly [what: string, text: string])[] = [
  ['spaces inside', `a${' '.repeat(16_000)}b`],
  ['spaces before a line separator', `x y ${' '.repeat(16_000)}x\u2028x`],
  ['spaces before a long word', `${' '.repeat(8000)}${'x'.repeat(8000)}`],
  ['many words', 'x '.repeat(8000)],
  ['line ends', `a${'\n'.repeat(16_000)}b`],
  ['a deeply nested JWK', `{"kty":${'['.repeat(8000)}${']'.repeat(8000)}}`],
  ['a JWK with many members', `{${Array.from({ length: 1500 }, (_, index) => `"m${index}":1`).join()}}`],
  [
    'a PEM with many headers',
    `-----BEGIN RSA PRIVATE KEY-----\n${'A: b\n'.repeat(3000)}\nAAAA\n-----END RSA PRIVATE KEY-----`,
  ],
  ['a PEM filled with blanks', `-----BEGIN PUBLIC KEY-----${' \t\r\n'.repeat(4000)}!-----END PUBLIC KEY-----`],
  ['a PEM with many blanks in the header', `-----BEGIN RSA PRIVATE KEY-----\nProc-Type:${' '.repeat(16_000)}x`],
  ['blanks after a PEM', `-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----${' \t'.repeat(8000)}x`],
  ['blanks before a PEM', `x${' \n \t'.repeat(4000)}x-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----`],
  ['many PEM blocks', '-----BEGIN A-----\n-----END A-----\n'.repeat(480)],
  ['many markers', '-----BEGIN '.repeat(1480)],
  ['hyphens', `-----BEGIN PUBLIC KEY-----\n${'-'.repeat(16_000)}`],
  [
    'deeply nested DER',
    `-----BEGIN PRIVATE KEY-----\n${Buffer.from('3080'.repeat(6000), 'hex').toString('base64')}\n-----END PRIVATE KEY-----`,
  ],
  [
    'DER with many elements',
    `-----BEGIN ENCRYPTED PRIVATE KEY-----\n${Buffer.from(`30822ee0${'0500'.repeat(6000)}`, 'hex').toString('base64')}\n-----END ENCRYPTED PRIVATE KEY-----`,
  ],
  ['a PEM with invalid base64', `-----BEGIN PUBLIC KEY-----\n${'A'.repeat(15_000)}!\n-----END PUBLIC KEY-----`],
];

// Repeats the call so often that it would take minutes if parsing took quadratic time.
test.each(TEXTS)('a text is refused quickly: %s', (_what, text) => {
  for (let count = 0; count < 150; count++) {
    for (const key of [PublicKey, PrivateKey]) expect(() => key.from(text)).toThrow(KeyError);
  }
});

test('a text that is much longer than a key is refused before it is read', () => {
  expect(() => PrivateKey.from('A'.repeat(64 * 2 ** 20))).toThrow(expect.objectContaining({ code: 'too_large' }));
});
