/**
 * A keyed hash of (username, time, nonce): HalfSipHash-1-3 with 64 bits of output (Aumasson and Bernstein's SipHash for 32-bit
 * words). Who does not know the key cannot make two triples meet.
 */

const float = new Float64Array(1);
const floatWords = new Uint32Array(float.buffer);

/** Where the words of one triple are laid out: two for each number, half a word for each UTF-16 code unit, and their lengths. */
let words = new Int32Array(1024);

/** The hash under one key. Key and result lie in one object, so that a claim touches little memory. */
export class TripleHash {
  /** The 64 bits of the triple that was hashed last, in two signed words. */
  low = 0;
  high = 0;
  readonly #k0: number;
  readonly #k1: number;

  /** @param key - 64 secret, random bits in two words */
  constructor(key: Int32Array) {
    this.#k0 = key[0] as number;
    this.#k1 = key[1] as number;
  }

  update(username: string, time: number, nonce: string | number): void {
    const needed = 8 + ((username.length + 1) >> 1) + (typeof nonce === 'string' ? (nonce.length + 1) >> 1 : 2);
    if (needed > words.length) words = new Int32Array(2 * needed);
    // Lengths come first and types are told apart, so that no two triples are laid out alike.
    let end = putNumber(putText(0, username), time);
    if (typeof nonce === 'string') end = putText(end, nonce);
    else {
      words[end] = -1;
      // 0 and -0 are one number.
      end = putNumber(end + 1, nonce + 0);
    }

    const k0 = this.#k0;
    const k1 = this.#k1;
    let v0 = k0;
    let v1 = k1 ^ 0xee;
    let v2 = 0x6c796765 ^ k0;
    let v3 = 0x74656462 ^ k1;
    // One round for each word, then three, then three for the second half of the output.
    for (let i = 0; i < end + 6; i++) {
      const word = i < end ? (words[i] as number) : 0;
      if (i === end) v2 ^= 0xee;
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

function putText(at: number, text: string): number {
  const { length } = text;
  words[at] = length;
  let next = at + 1;
  for (let i = 0; i < length; i += 2) {
    words[next++] = text.charCodeAt(i) | (i + 1 < length ? text.charCodeAt(i + 1) << 16 : 0);
  }
  return next;
}

function putNumber(at: number, value: number): number {
  float[0] = value;
  words[at] = floatWords[0] as number;
  words[at + 1] = floatWords[1] as number;
  return at + 2;
}
