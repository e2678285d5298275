/** Computes with the big-endian numbers in keys. */

export function toBigInt(bytes: Uint8Array): bigint {
  return BigInt(`0x0${Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')}`);
}

/**
 * Computes the Jacobi symbol (Handbook of Applied Cryptography, algorithm 2.149). For a prime modulus, the symbol is 1 for squares and -1
 * for other numbers. The algorithm is much faster than Euler's criterion, but not constant-time, so use it only for public numbers.
 *
 * @param number - 0 or more
 * @param modulus - positive and odd
 */
export function jacobi(number: bigint, modulus: bigint): -1 | 0 | 1 {
  let [a, n] = [number % modulus, modulus];
  let isNegative = false;
  while (a !== 0n) {
    for (; (a & 1n) === 0n; a >>= 1n) {
      const rest = n & 7n;
      if (rest === 3n || rest === 5n) isNegative = !isNegative;
    }
    if ((a & 3n) === 3n && (n & 3n) === 3n) isNegative = !isNegative;
    [a, n] = [n % a, a];
  }
  if (n !== 1n) return 0;
  return isNegative ? -1 : 1;
}
