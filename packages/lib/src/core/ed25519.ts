/**
 * Refuses Ed25519 signatures on which crypto engines disagree, before any engine sees them. All engines then return the same verdict
 * (spec/PROTOCOL.md §1.4.1).
 */

/**
 * Verifies an Ed25519 signature in place of `node:crypto`, synchronously. Before each call, the library has checked that the signature has
 * 64 bytes, that S is canonical, and that R is not a point of small order.
 *
 * @param publicKey - 32 bytes (RFC 8032 §5.1.2): a canonical encoding, and not a point of small order; the same object in each call for a key
 * @param message - the JWS signing input
 * @param signature - 64 bytes, R‖S (RFC 8032 §5.1.6)
 * @returns `true` if the equation of RFC 8032 §5.1.7 holds without the cofactor; every other value refuses the signature
 * @throws any error; the request is then refused as `unavailable`
 */
export type Ed25519Verify = (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array) => boolean;

/** The prime of the field (RFC 8032 §5.1). */
export const P = 2n ** 255n - 19n;

/** The first bytes of the encodings of points of small order. An encoding that begins with another byte needs no arithmetic. */
const SMALL_ORDER_STARTS = [0, 1, 38, 199, 236, 237, 238];

/** Reads a little-endian number. */
export function littleEndian(bytes: Uint8Array): bigint {
  return bytes.reduceRight((number, byte) => (number << 8n) | BigInt(byte), 0n);
}

/** Returns the y coordinate of a point. It is at least {@link P} if it is not canonical. */
export function yOf(point: Uint8Array): bigint {
  return littleEndian(point) % 2n ** 255n;
}

/**
 * Returns whether an encoded point, canonical or not, has order 1, 2, 4 or 8. There are 14 such encodings: y = 1 has order 1, y = -1 order 2,
 * and y = 0 order 4. Doubling a point of order 8 gives y = 0, which means that dy⁴ + 2y² - 1 = 0, with d = -121665/121666.
 *
 * @param point - 32 bytes (RFC 8032 §5.1.2)
 */
export function hasSmallOrder(point: Uint8Array): boolean {
  if (!SMALL_ORDER_STARTS.includes(point[0] as number)) return false;
  const y = yOf(point);
  const square = y * y;
  return (y * (square - 1n) * (121_665n * square * square - 243_332n * square + 121_666n)) % P === 0n;
}

/**
 * Returns whether a signature has 64 bytes, an S below the order of the base point, and an R that has no small order. The order is slightly
 * above 2²⁵²; an S between the two does not occur, because it has a probability of 2⁻¹²⁷.
 */
export function isUnambiguous(signature: Uint8Array): boolean {
  return signature.length === 64 && (signature[63] as number) < 16 && !hasSmallOrder(signature.subarray(0, 32));
}
