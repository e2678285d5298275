/** The Jacobi symbol, which distinguishes squares modulo a prime from other numbers. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { jacobi } from '../../src/keys/numbers.ts';

const P = 2n ** 255n - 19n;

/** Computes Euler's criterion, which is slow but simple. */
function euler(number: bigint): number {
  let result = 1n;
  for (let square = number % P, rest = (P - 1n) / 2n; rest > 0n; rest >>= 1n, square = (square * square) % P) {
    if (rest & 1n) result = (result * square) % P;
  }
  return result === P - 1n ? -1 : Number(result);
}

test('the Jacobi symbol agrees with Euler’s criterion modulo the prime of Ed25519', () => {
  const number = fc.oneof(fc.bigInt({ min: 0n, max: P * P }), fc.constantFrom(0n, 1n, 2n, P - 1n, P, P + 4n));
  fc.assert(fc.property(number, (value) => jacobi(value, P) === euler(value)));
});

test('the Jacobi symbol agrees with a count of squares modulo small numbers', () => {
  for (const prime of [3n, 5n, 7n, 11n, 13n, 17n, 19n, 23n, 31n]) {
    const squares = new Set(Array.from({ length: Number(prime) }, (_, root) => (BigInt(root) * BigInt(root)) % prime));
    for (let value = 1n; value < prime; value++) expect(jacobi(value, prime)).toBe(squares.has(value) ? 1 : -1);
    expect(jacobi(2n * prime, prime)).toBe(0);
  }
});
