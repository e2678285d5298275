/** Computes the hash by which a store finds a used nonce. */
import { sha256 } from '#engine';

/**
 * Hashes a nonce. The hash must never change, or a new version would accept tokens again that an old version has recorded.
 *
 * @param time - the claimed time, in seconds since the epoch; omitted by stores that keep it next to the hash
 * @returns 128 bits of SHA-256 over the username with its length, the time, and the nonce with its type
 */
export function replayKey(username: string, nonce: string | number, time: number | '' = ''): Uint8Array {
  // 0 and -0 are the same nonce.
  const typed = typeof nonce === 'number' ? `#${nonce + 0}` : `"${nonce}`;
  return sha256(`${username.length}:${username}${time}${typed}`).subarray(0, 16);
}
