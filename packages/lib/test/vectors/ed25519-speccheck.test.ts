/** Ed25519 signatures that only some verifiers accept ("Taming the Many EdDSAs"): small and mixed order, S above the order, other encodings. */
import { base64url } from 'ajwt-testkit/sign';
import { readVectors } from 'ajwt-testkit/vectors';
import { keyErrorCode, verifies } from 'ajwt-testkit/verify';
import { describe, expect, test } from 'vitest';
import { sodiumEd25519 } from '../../src/engine/sodium.ts';
import { PublicKey } from '../../src/index.ts';

const cases = readVectors<{ message: string; pub_key: string; signature: string }[]>('ed25519-speccheck/cases.json');

function jwkOf(hex: string) {
  return { kty: 'OKP', crv: 'Ed25519', x: base64url(Buffer.from(hex, 'hex')) };
}

/** The outcome that the library must have for each case, and the reason: import refuses the key, or verification is cofactorless and compares R as bytes. */
const EXPECTED: readonly (readonly [outcome: 'weak_key' | boolean, why: string])[] = [
  ['weak_key', 'A of small order, R of small order'],
  ['weak_key', 'A of small order, R of mixed order'],
  [
    false,
    'A of mixed order, R of small order: the cofactorless equation holds, but only some engines accept such an R',
  ],
  [true, 'A and R of mixed order: the cofactorless equation holds'],
  [false, 'only the cofactored equation holds'],
  [false, 'only the cofactored equation holds'],
  [false, 'S above the order'],
  [false, 'S far above the order'],
  [false, 'R not canonical'],
  [false, 'R not canonical'],
  ['weak_key', 'A of small order, not canonical'],
  ['weak_key', 'A of small order, not canonical'],
];

describe('edge cases of Ed25519', () => {
  test('every case has an expected outcome', () => {
    expect(cases).toHaveLength(EXPECTED.length);
  });

  test.each(EXPECTED.map(([outcome, why], index) => ({ index, outcome, why })))(
    '$index: $why: $outcome',
    ({ index, outcome }) => {
      const { message, pub_key, signature } = cases[index] as (typeof cases)[number];
      const jwk = jwkOf(pub_key);
      const code = keyErrorCode(() => PublicKey.from(jwk));
      if (typeof outcome === 'string') {
        expect(code).toBe(outcome);
        return;
      }
      expect(code).toBe('accepted');
      const bytes = [message, signature].map((hex) => Buffer.from(hex, 'hex')) as [Buffer, Buffer];
      for (const engine of [undefined, sodiumEd25519()]) {
        expect(verifies(PublicKey.from(jwk), 'EdDSA', ...bytes, engine)).toBe(outcome);
        expect(verifies(PublicKey.from(jwk), 'Ed25519', ...bytes, engine), 'with its other name').toBe(outcome);
      }
    },
  );
});
