/** Computes Poly1305 (RFC 8439 §2.5). Node offers it only inside an AEAD, which adds lengths and padding. */
import { littleEndian } from '../core/ed25519.ts';

const P = 2n ** 130n - 5n;
const CLAMP = 0x0ffffffc0ffffffc0ffffffc0fffffffn;

/**
 * Computes the tag of a message. The computation is not constant-time, so use it only for local files.
 *
 * @param key - 32 bytes; use each key once
 * @returns 16 bytes
 */
export function poly1305(key: Uint8Array, message: Uint8Array): Uint8Array {
  const r = littleEndian(key.subarray(0, 16)) & CLAMP;
  let sum = 0n;
  for (let at = 0; at < message.length; at += 16) {
    const block = message.subarray(at, at + 16);
    sum = ((sum + littleEndian(block) + (1n << BigInt(8 * block.length))) * r) % P;
  }
  const tag = sum + littleEndian(key.subarray(16));
  return Uint8Array.from({ length: 16 }, (_none, index) => Number((tag >> BigInt(8 * index)) & 255n));
}
