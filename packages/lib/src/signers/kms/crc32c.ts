/** Computes CRC-32C checksums (RFC 3720 §B.4). */

/** The Castagnoli polynomial with its bits reversed. */
const POLYNOMIAL = 0x82f63b78;

/** Computes a checksum. */
export function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
  }
  return (crc ^ 0xffffffff) >>> 0;
}
