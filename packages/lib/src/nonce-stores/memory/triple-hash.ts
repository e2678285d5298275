/**
 * Hashes (username, time, nonce) with a secret key: HalfSipHash-1-3 with 64 bits of output (SipHash by Aumasson and Bernstein, for 32-bit
 * words). The username is hashed with the store's key; the result is the key for the time and the nonce. Without the store's key, nobody
 * can construct two usernames or two triples with the same hash.
 */

/** The words that precede a string: one unused, the length of the string, two for a time, and two for a nonce that is a number. */
const head = new Int32Array(6);
const LENGTH = 1;
const floats = new Float64Array(head.buffer);
const TIME = 1;
const NUMBER = 2;

/** How many words of `head` are hashed, after the unused one. */
const UP_TO_LENGTH = 1;
const UP_TO_TIME = 3;
const UP_TO_NUMBER = 5;

/** Hashes triples with one key. The key and the result are in one object, so that a claim touches little memory. */
export class TripleHash {
  /** The hash of the last triple: 64 bits in two signed words. */
  low = 0;
  high = 0;
  /** The hash of the last username. */
  userLow = 0;
  userHigh = 0;
  readonly #k0: number;
  readonly #k1: number;

  /** @param key - 64 secret random bits, in two words */
  constructor(key: Int32Array) {
    this.#k0 = key[0] as number;
    this.#k1 = key[1] as number;
  }

  update(username: string, time: number, nonce: string | number): void {
    head[LENGTH] = username.length;
    this.#hash(this.#k0, this.#k1, UP_TO_LENGTH, username);
    this.userLow = this.low;
    this.userHigh = this.high;

    floats[TIME] = time;
    if (typeof nonce === 'string') {
      head[LENGTH] = nonce.length;
      this.#hash(this.userLow, this.userHigh, UP_TO_TIME, nonce);
    } else {
      // No string has this length, so a number never has the same words as a string.
      head[LENGTH] = -1;
      // -0 becomes 0.
      floats[NUMBER] = nonce + 0;
      this.#hash(this.userLow, this.userHigh, UP_TO_NUMBER, '');
    }
  }

  /** Hashes words of `head`, and then a string with two UTF-16 code units per word. */
  #hash(k0: number, k1: number, heads: number, text: string): void {
    const { length } = text;
    const end = heads + ((length + 1) >> 1);
    let v0 = k0;
    let v1 = k1 ^ 0xee;
    let v2 = 0x6c796765 ^ k0;
    let v3 = 0x74656462 ^ k1;
    // One round per word, three more for the first half of the output, and another three for the second half.
    for (let i = 0; i < end + 6; i++) {
      let word = 0;
      if (i < heads) word = head[i + 1] as number;
      else if (i < end) {
        const at = (i - heads) << 1;
        word = text.charCodeAt(at) | (at + 1 < length ? text.charCodeAt(at + 1) << 16 : 0);
      } else if (i === end) v2 ^= 0xee;
      else if (i === end + 3) {
        this.low = v1 ^ v3;
        v1 ^= 0xdd;
      }
      v3 ^= word;
      v0 = (v0 + v1) | 0;
      v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
      v0 = (v0 << 16) | (v0 >>> 16);
      v2 = (v2 + v3) | 0;
      v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
      v0 = (v0 + v3) | 0;
      v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
      v2 = (v2 + v1) | 0;
      v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
      v2 = (v2 << 16) | (v2 >>> 16);
      v0 ^= word;
    }
    this.high = v1 ^ v3;
  }
}
