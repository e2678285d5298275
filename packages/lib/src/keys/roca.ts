/**
 * Detects ROCA keys (CVE-2017-15361): RSA keys from faulty Infineon chips, whose primes can be computed from the modulus. Such a modulus is
 * a power of 65537 modulo each small prime (Nemec et al., "The Return of Coppersmith's Attack", CCS 2017, §2). This is the published test,
 * which public certificate authorities use too. It also refuses one in 2^27.8 keys from other sources.
 */

const GENERATOR = 65_537;

/**
 * Primes up to 167 for which the powers of 65537 do not reach every nonzero remainder. The product of each group is below 2^22. The most
 * selective primes come first: only one in 5900 keys from other sources reaches the second group.
 */
const GROUPS = [
  [11, 37, 79, 97],
  [61, 73, 127],
  [13, 17, 19, 151],
  [53, 71, 103],
  [107, 109, 157],
].map((primes) => ({
  product: primes.reduce((product, prime) => product * prime),
  powers: primes.map((prime) => ({ prime, powers: powersModulo(prime) })),
}));

function powersModulo(prime: number): ReadonlySet<number> {
  const powers = new Set<number>();
  for (let power = 1; !powers.has(power); power = (power * GENERATOR) % prime) powers.add(power);
  return powers;
}

/**
 * Reports whether a modulus has the form of a ROCA key.
 *
 * @param modulus - big-endian
 */
export function isRocaModulus(modulus: Uint8Array): boolean {
  return GROUPS.every(({ product, powers }) => {
    const rest = remainder(modulus, product);
    return powers.every((one) => one.powers.has(rest % one.prime));
  });
}

/** Computes a remainder in 32-bit integers, which take a hundredth of the time of a bigint. */
function remainder(number: Uint8Array, divisor: number): number {
  let rest = 0;
  for (const byte of number) rest = ((rest << 8) | byte) % divisor;
  return rest;
}
