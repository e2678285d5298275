/** Computes with points of Ed25519, to craft signatures that no honest signer makes. Slow, and not constant-time. */
import { createHash } from 'node:crypto';
import { littleEndian, P } from '../../src/core/ed25519.ts';

/** A point in affine coordinates. */
export interface Point {
  readonly x: bigint;
  readonly y: bigint;
}

/** The order of the base point (RFC 8032 §5.1). */
export const L = 2n ** 252n + 27742317777372353535851937790883648493n;
const D = mod(-121665n * inverse(121666n));

/** The base point. */
export const B: Point = {
  x: 15112221349535400772501151409588531511454012693041857206046113283949847762202n,
  y: mod(4n * inverse(5n)),
};
/** The identity, which has order 1. */
const O: Point = { x: 0n, y: 1n };

export function mod(number: bigint, modulus = P): bigint {
  return ((number % modulus) + modulus) % modulus;
}

function power(base: bigint, exponent: bigint): bigint {
  let [result, square] = [1n, mod(base)];
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if ((rest & 1n) === 1n) result = (result * square) % P;
    square = (square * square) % P;
  }
  return result;
}

function inverse(number: bigint): bigint {
  return power(number, P - 2n);
}

export function add(one: Point, other: Point): Point {
  const product = mod(D * one.x * other.x * one.y * other.y);
  return {
    x: mod((one.x * other.y + other.x * one.y) * inverse(1n + product)),
    y: mod((one.y * other.y + one.x * other.x) * inverse(1n - product)),
  };
}

export function multiply(scalar: bigint, point: Point): Point {
  let [result, double] = [O, point];
  for (let rest = scalar; rest > 0n; rest >>= 1n) {
    if ((rest & 1n) === 1n) result = add(result, double);
    double = add(double, double);
  }
  return result;
}

/** The canonical encoding (RFC 8032 §5.1.2). */
export function encode({ x, y }: Point): Buffer {
  return bytesOf(y | ((x & 1n) << 255n));
}

/** Encodes a number below 2²⁵⁶ in 32 bytes, little-endian. */
export function bytesOf(number: bigint): Buffer {
  return Buffer.from(number.toString(16).padStart(64, '0'), 'hex').reverse();
}

/** The eight points of order 1, 2, 4 and 8: the multiples of one of order 8. */
export const TORSION: readonly Point[] = (() => {
  // Doubling a point of order 8 gives y = 0. Its x is determined up to the sign by y.
  const y = 2707385501144840649318225287225658788936804267575313519463743609750303402022n;
  const square = mod((y * y - 1n) * inverse(D * y * y + 1n));
  const root = power(square, (P + 3n) / 8n);
  const x = mod(root * root) === square ? root : mod(root * power(2n, (P - 1n) / 4n));
  return Array.from({ length: 8 }, (_, index) => multiply(BigInt(index), { x, y }));
})();

/** The 14 encodings of these points: each y, and y + p if that fits in 255 bits, with either sign bit. */
export const SMALL_ORDER_ENCODINGS: readonly Buffer[] = [...new Set(TORSION.map(({ y }) => y))]
  .flatMap((y) => (y + P < 2n ** 255n ? [y, y + P] : [y]))
  .flatMap((y) => [bytesOf(y), bytesOf(y | (1n << 255n))]);

/** The scalar h of RFC 8032 §5.1.7: SHA-512(R‖A‖M). */
export function challenge(R: Uint8Array, A: Uint8Array, message: string): bigint {
  return littleEndian(createHash('sha512').update(R).update(A).update(message, 'latin1').digest()) % L;
}
