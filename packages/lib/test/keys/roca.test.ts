/** Weak RSA keys as in CVE-2017-15361 (ROCA), which these tests generate in the same way as the faulty chips. */
import {
  checkPrimeSync,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type JsonWebKey,
  randomBytes,
} from 'node:crypto';
import { keyErrorCode } from 'ajwt-testkit/verify';
import { describe, expect, test } from 'vitest';
import { PrivateKey, PublicKey } from '../../src/index.ts';
import { isRocaModulus } from '../../src/keys/roca.ts';

const E = 65_537n;
const toBytes = (number: bigint) => {
  const hex = number.toString(16);
  return Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex');
};
const toText = (number: bigint) => toBytes(number).toString('base64url');
const randomBits = (bits: number) =>
  BigInt(`0x${randomBytes(Math.ceil(bits / 8)).toString('hex')}`) >> BigInt(-bits & 7);

function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let [result, square] = [1n, base % modulus];
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if ((rest & 1n) === 1n) result = (result * square) % modulus;
    square = (square * square) % modulus;
  }
  return result;
}

function inverse(number: bigint, modulus: bigint): bigint {
  let [a, b, x, y] = [number % modulus, modulus, 1n, 0n];
  while (b !== 0n) [a, b, x, y] = [b, a % b, y, x - (a / b) * y];
  return ((x % modulus) + modulus) % modulus;
}

/** Returns the product of the first primes; the chips use 126 primes for moduli of 1984 to 3936 bits, and 225 for longer ones. */
function primorial(count: number): bigint {
  const primes: number[] = [];
  for (let number = 2; primes.length < count; number++) {
    if (primes.every((prime) => number % prime !== 0)) primes.push(number);
  }
  return primes.reduce((product, prime) => product * BigInt(prime), 1n);
}

/** Returns a number k·M + (65537^a mod M), large enough that the product of two such numbers has exactly twice as many bits. */
function rocaNumber(bits: number, M: bigint): bigint {
  const least = (3n << BigInt(bits - 2)) / M;
  const most = ((1n << BigInt(bits)) - 1n) / M - 1n;
  const k = least + 1n + (randomBits(bits) % (most - least));
  return k * M + power(E, randomBits(64), M);
}

function rocaPrime(bits: number, M: bigint): bigint {
  for (;;) {
    const prime = rocaNumber(bits, M);
    if (prime % E !== 1n && checkPrimeSync(prime)) return prime;
  }
}

function rocaKey(bits: number): JsonWebKey {
  const M = primorial(126);
  const [p, q] = [rocaPrime(bits / 2, M), rocaPrime(bits / 2, M)];
  const d = inverse(E, (p - 1n) * (q - 1n));
  const members = { n: p * q, e: E, d, p, q, dp: d % (p - 1n), dq: d % (q - 1n), qi: inverse(q, p) };
  return { kty: 'RSA', ...Object.fromEntries(Object.entries(members).map(([name, value]) => [name, toText(value)])) };
}

describe('an RSA key with the form of ROCA is weak', () => {
  test('as a private key, and as a public key in every format', () => {
    const { n, e, ...secret } = rocaKey(2048);
    const jwk = { kty: 'RSA', n, e } as JsonWebKey;
    const handle = createPublicKey({ key: jwk, format: 'jwk' });
    const pem = (type: 'spki' | 'pkcs1') => handle.export({ format: 'pem', type }) as string;
    for (const form of [jwk, JSON.stringify(jwk), handle, pem('spki'), pem('pkcs1')]) {
      expect(keyErrorCode(() => PublicKey.from(form))).toBe('weak_key');
    }
    expect(() => PublicKey.from(jwk)).toThrow(/ROCA, CVE-2017-15361.*make a new key with `ssh-keygen -t ed25519`/);
    const whole = { ...secret, ...jwk } as JsonWebKey;
    for (const form of [whole, createPrivateKey({ key: whole, format: 'jwk' })]) {
      expect(keyErrorCode(() => PrivateKey.from(form))).toBe('weak_key');
    }
  });

  // The factors need not be primes, because only the modulus is examined.
  test.each([
    [2048, 126],
    [3072, 126],
    [4096, 225],
    [8192, 225],
  ])('with a modulus of %i bits', (bits, primes) => {
    const M = primorial(primes);
    const modulus = toBytes(rocaNumber(bits / 2, M) * rocaNumber(bits / 2, M));
    expect(modulus).toHaveLength(bits / 8);
    const jwk = { kty: 'RSA', n: modulus.toString('base64url'), e: 'AQAB' };
    expect(keyErrorCode(() => PublicKey.from(jwk))).toBe('weak_key');
  });
});

describe('RSA keys without the form of ROCA', () => {
  test('are accepted', () => {
    for (let count = 0; count < 4; count++) {
      const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
      expect(keyErrorCode(() => PublicKey.from(publicKey))).toBe('accepted');
    }
  });

  test('are mistaken for weak keys only once in 2^27.8', () => {
    // Multiplies the shares of residues (except 0) that are powers of 65537, one share for each prime.
    let bits = 0;
    for (let prime = 3; prime <= 167; prime++) {
      if ([2, 3, 5, 7, 11].some((small) => small < prime && prime % small === 0)) continue;
      let order = 1;
      for (let value = 65_537 % prime; value !== 1; value = (value * 65_537) % prime) order++;
      bits += Math.log2((prime - 1) / order);
    }
    expect(bits).toBeCloseTo(27.83, 2);
    for (let count = 0; count < 20_000; count++) {
      const modulus = randomBytes(256);
      modulus[255] = (modulus[255] as number) | 1;
      expect(isRocaModulus(modulus)).toBe(false);
    }
  });

  test('are accepted even if they have the residues of ROCA modulo all primes except one', () => {
    const M = primorial(39);
    const step = M / 167n;
    for (const prime of [11n, 13n, 97n, 157n]) {
      // The number is not a power of 65537 modulo `prime`, and it is 1 modulo all other primes.
      const others = M / prime;
      const powers = new Set(Array.from({ length: Number(prime) }, (_, exponent) => power(E, BigInt(exponent), prime)));
      let wanted = 1n;
      while (powers.has(wanted)) wanted++;
      const number = 1n + others * (((wanted - 1n) * inverse(others, prime)) % prime);
      expect([number % prime, number % step > 0n]).toEqual([wanted, true]);
      expect(isRocaModulus(toBytes(number))).toBe(false);
    }
    expect(isRocaModulus(toBytes(1n))).toBe(true);
  });
});
