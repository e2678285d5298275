/** The hash that a store finds a used nonce by. */
import { sha256 } from '#engine';

/**
 * Hashes a nonce. Stores of earlier versions have the same hashes: another one would accept their tokens again.
 *
 * @param time - claimed, in seconds since the epoch; left out by stores that keep it beside the hash
 * @returns 128 bits of SHA-256 over the username with its length, the time, and the nonce with its type
 */
export function replayKey(username: string, nonce: string | number, time: number | '' = ''): Uint8Array {
  // 0 and -0 are one number.
  const typed = typeof nonce === 'number' ? `#${nonce + 0}` : `"${nonce}`;
  return sha256(`${username.length}:${username}${time}${typed}`).subarray(0, 16);
}
