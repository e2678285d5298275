/** Converts ECDSA signatures between r‖s (RFC 7518 §3.4) and DER, which is SEQUENCE { INTEGER r, INTEGER s } (RFC 3279 §2.2.3). */

const SEQUENCE = 0x30;
const INTEGER = 0x02;
/** A length of 128 or more takes a second byte (X.690 §8.1.3). */
const LONG_LENGTH = 0x80;

/**
 * Converts r‖s to DER.
 *
 * @param signature - r and s, big-endian, each in half of the bytes; each can be any number, even zero
 */
export function ecdsaDer(signature: Uint8Array): Uint8Array {
  const half = signature.length / 2;
  const rStart = skipZeros(signature, 0, half);
  const sStart = skipZeros(signature, half, 2 * half);
  const rLength = half - rStart + signBit(signature, rStart);
  const sLength = 2 * half - sStart + signBit(signature, sStart);
  const content = 2 + rLength + 2 + sLength;
  const header = content < LONG_LENGTH ? 2 : 3;

  const der = new Uint8Array(header + content);
  der[0] = SEQUENCE;
  if (header === 3) der[1] = LONG_LENGTH + 1;
  der[header - 1] = content;
  putInteger(der, header, signature, rStart, half, rLength);
  putInteger(der, header + 2 + rLength, signature, sStart, 2 * half, sLength);
  return der;
}

/** Returns the index after the leading zeros of a number. Never skips the last byte. */
function skipZeros(bytes: Uint8Array, from: number, end: number): number {
  let start = from;
  while (start < end - 1 && bytes[start] === 0) start++;
  return start;
}

/** Returns 1 if the highest bit of a number is set, so that DER needs a leading zero byte, and 0 otherwise. */
function signBit(bytes: Uint8Array, start: number): number {
  return (bytes[start] as number) >= 0x80 ? 1 : 0;
}

function putInteger(der: Uint8Array, at: number, from: Uint8Array, start: number, end: number, length: number): void {
  der[at] = INTEGER;
  der[at + 1] = length;
  der.set(from.subarray(start, end), at + 2 + length - (end - start));
}

/**
 * Converts DER to r‖s. Does not validate the DER, which must come from the crypto engine.
 *
 * @param length - length of r in the result, in bytes; s has the same length
 */
export function ecdsaRaw(der: Uint8Array, length: number): Uint8Array {
  const raw = new Uint8Array(2 * length);
  const first = (der[1] as number) > LONG_LENGTH ? 3 : 2;
  const second = getInteger(der, first, raw, length);
  getInteger(der, second, raw, 2 * length);
  return raw;
}

/** Copies the INTEGER at index `at` to the end of `raw.subarray(0, end)`. @returns the index after the INTEGER */
function getInteger(der: Uint8Array, at: number, raw: Uint8Array, end: number): number {
  const next = at + 2 + (der[at + 1] as number);
  // A leading zero byte only marks the number as positive.
  const start = der[at + 2] === 0 ? at + 3 : at + 2;
  raw.set(der.subarray(start, next), end - (next - start));
  return next;
}
