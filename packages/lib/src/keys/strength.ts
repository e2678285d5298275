/**
 * Refuses public keys whose signatures prove nothing, or take too long to verify (spec/PROTOCOL.md §7). OpenSSL accepts all of these keys.
 */
import { RSA_BITS } from '../core/algorithms.ts';
import { hasSmallOrder, P, yOf } from '../core/ed25519.ts';
import { KeyError } from './key-error.ts';
import { jacobi, toBigInt } from './numbers.ts';
import { isRocaModulus } from './roca.ts';

const weak = (what: string) => new KeyError('weak_key', `${what}; make a new key with \`ssh-keygen -t ed25519\``);

/**
 * Checks an RSA key. Its modulus must be odd, have 2048 to 8192 bits, and not have the form of a ROCA key. Its public exponent must be odd,
 * at least 65537 and below 2^32. Smaller exponents allow known forgeries; with exponent 1, anyone can sign. Larger exponents make each
 * verification slow.
 *
 * @param n - modulus, big-endian without leading zeros
 * @param e - public exponent, in the same form
 * @throws KeyError `weak_key` or `too_large`
 */
export function checkRsa(n: Uint8Array, e: Uint8Array): void {
  const bits = bitLength(n);
  if (bits < RSA_BITS.min) throw weak(`this RSA key is too short (${bits} bits; at least ${RSA_BITS.min} are needed)`);
  if (bits > RSA_BITS.max)
    throw new KeyError('too_large', `this RSA key is too long (${bits} bits; at most ${RSA_BITS.max} are supported)`);
  if (((n.at(-1) as number) & 1) === 0) throw weak('the modulus of this RSA key is even');
  const exponent = e.length > 4 ? Number.POSITIVE_INFINITY : Number(toBigInt(e));
  if (exponent < 65_537 || exponent > 0xffff_ffff || exponent % 2 === 0) {
    throw weak('the public exponent of this RSA key is not an odd number from 65537 to 4294967295');
  }
  if (isRocaModulus(n)) {
    throw weak(
      'this RSA key comes from a faulty chip (ROCA, CVE-2017-15361), and its private key can be computed from it',
    );
  }
}

/** Counts the bits of a big-endian number without leading zeros. */
export function bitLength(number: Uint8Array): number {
  return number.length === 0 ? 0 : number.length * 8 - Math.clz32(number[0] as number) + 24;
}

/** The constant of the curve (RFC 8032 §5.1). */
const D = 37095705934669439343138083508754565189542113879843219016388785533085940283555n;

/**
 * Checks an Ed25519 key. It must be the canonical encoding of a point on the curve, and not a point of small order.
 *
 * @param encoded - 32 bytes (RFC 8032 §5.1.2)
 * @throws KeyError `weak_key` or `malformed`
 */
export function checkEd25519(encoded: Uint8Array): void {
  const y = yOf(encoded);
  if (y >= P) throw weak('this Ed25519 key is not canonically encoded');
  if (hasSmallOrder(encoded)) throw weak('this Ed25519 key is a point of small order');
  // x² = (y² - 1) / (dy² + 1). A quotient is a square if and only if the product of numerator and denominator is a square.
  if (jacobi((y * y - 1n) * (D * y * y + 1n), P) !== 1) {
    throw new KeyError('malformed', 'this Ed25519 key is not a point on the curve');
  }
}
