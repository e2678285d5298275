/** ECDSA signatures in DER, compared with those of OpenSSL. */
import { generateKeyPairSync, sign, verify } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ecdsaDer, ecdsaRaw } from '../../src/core/ecdsa-der.ts';

const CURVES = [
  ['P-256', 'sha256', 32],
  ['P-384', 'sha384', 48],
  ['P-521', 'sha512', 66],
] as const;
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const bytes = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');

describe.each(CURVES)('%s', (curve, hash, length) => {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: curve });

  test('OpenSSL verifies its own signatures after a conversion from r‖s to DER, or from DER to r‖s', () => {
    for (let round = 0; round < 60; round++) {
      const message = Buffer.from(`message ${round}`);
      const raw = sign(hash, message, { key: privateKey, dsaEncoding: 'ieee-p1363' });
      expect(verify(hash, message, { key: publicKey, dsaEncoding: 'der' }, ecdsaDer(raw)), hex(raw)).toBe(true);
      const der = sign(hash, message, { key: privateKey, dsaEncoding: 'der' });
      const turned = ecdsaRaw(der, length);
      expect(turned).toHaveLength(2 * length);
      expect(verify(hash, message, { key: publicKey, dsaEncoding: 'ieee-p1363' }, turned), hex(der)).toBe(true);
      expect(hex(ecdsaDer(turned)), 'the DER after two conversions').toBe(hex(der));
    }
  });

  /** Generates numbers, many of them with leading zeros or with the highest bit set. */
  const number = fc
    .tuple(
      fc.nat(length),
      fc.constantFrom(0x00, 0x01, 0x7f, 0x80, 0xff),
      fc.uint8Array({ minLength: length, maxLength: length }),
    )
    .map(([zeros, first, any]) => {
      const one = Uint8Array.from(any).fill(0, 0, zeros);
      if (zeros < length) one[zeros] = first;
      return one;
    });

  test('two numbers are converted to minimal DER and back, even if they are zero', () => {
    fc.assert(
      fc.property(number, number, (r, s) => {
        const raw = Buffer.concat([r, s]);
        const der = ecdsaDer(raw);
        expect(hex(der)).toBe(hex(sequence(integer(r), integer(s))));
        expect(hex(ecdsaRaw(der, length))).toBe(hex(raw));
      }),
      { numRuns: 2000 },
    );
  });
});

/** Encodes an INTEGER in DER (X.690 §8.3) independently of the library: from a BigInt. */
function integer(number: Uint8Array): Buffer {
  const digits = BigInt(`0x${hex(number)}`).toString(16);
  const even = digits.padStart(digits.length + (digits.length % 2), '0');
  const positive = Number.parseInt(even.slice(0, 2), 16) >= 0x80 ? `00${even}` : even;
  return Buffer.from(`02${(positive.length / 2).toString(16).padStart(2, '0')}${positive}`, 'hex');
}

function sequence(...parts: Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const length = content.length < 128 ? [content.length] : [0x81, content.length];
  return Buffer.concat([Buffer.from([0x30, ...length]), content]);
}

const zeros = (count: number) => '00'.repeat(count);
const ones = (count: number) => 'ff'.repeat(count);

test.each([
  ['r = s = 0, P-256', zeros(64), '3006 020100 020100'],
  ['r = s = 0, P-384', zeros(96), '3006 020100 020100'],
  ['r = s = 0, P-521', zeros(132), '3006 020100 020100'],
  ['r = 1, s = 0', `${zeros(31)}01 ${zeros(32)}`, '3006 020101 020100'],
  ['r = 0, s = 1', `${zeros(32)} ${zeros(31)}01`, '3006 020100 020101'],
  ['numbers with and without a zero byte for the sign', `${zeros(31)}7f ${zeros(31)}80`, '3007 02017f 02020080'],
  ['numbers that end with zeros', `${zeros(29)}010000 ${zeros(30)}8000`, '300a 0203010000 0203008000'],
  ['the longest numbers of P-256', ones(64), `3046 022100${ones(32)} 022100${ones(32)}`],
  ['the longest numbers of P-384', ones(96), `3066 023100${ones(48)} 023100${ones(48)}`],
  [
    'a content whose length needs one additional byte',
    `${zeros(6)}01${ones(59)} 01${ones(65)}`,
    `3081 82 02 3c 01${ones(59)} 02 42 01${ones(65)}`,
  ],
  ['a content of 127 bytes', `${zeros(9)}01${ones(56)} 01${ones(65)}`, `307f 02 39 01${ones(56)} 02 42 01${ones(65)}`],
  [
    'a content of 128 bytes',
    `${zeros(8)}01${ones(57)} 01${ones(65)}`,
    `308180 02 3a 01${ones(57)} 02 42 01${ones(65)}`,
  ],
  ['typical numbers of P-521', `01${ones(65)} 00${ones(65)}`, `308188 02 42 01${ones(65)} 02 42 00${ones(65)}`],
])('is converted to DER and back: %s', (_what, raw, der) => {
  expect(hex(ecdsaDer(bytes(raw)))).toBe(hex(bytes(der)));
  expect(hex(ecdsaRaw(bytes(der), bytes(raw).length / 2))).toBe(hex(bytes(raw)));
});

test('OpenSSL refuses r = s = 0 and numbers above the order, and does not throw', () => {
  for (const [curve, hash, length] of CURVES) {
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: curve });
    for (const raw of [zeros(2 * length), ones(2 * length), `${ones(length)}${zeros(length)}`]) {
      expect(verify(hash, Buffer.from('message'), publicKey, ecdsaDer(bytes(raw)))).toBe(false);
    }
  }
});
