/**
 * A keyed hash of (username, time, nonce): HalfSipHash-1-3 with 64 bits of output (Aumasson and Bernstein's SipHash for 32-bit
 * words). The username is hashed under the store's key; what comes out is the user's own key, under which time and nonce are hashed.
 * Who does not know the store's key cannot make two users, or two triples, meet.
 */

const float = new Float64Array(1);
const floatWords = new Int32Array(float.buffer);
const floatUnits = new Uint16Array(float.buffer);

/** In the place of a text's length: these are the bits of a number. */
const NUMBER = -1;

/** The hash under one key. Key and result lie in one object, so that a claim touches little memory. */
export class TripleHash {
  /** The 64 bits of the triple that was hashed last, in two signed words. */
  low = 0;
  high = 0;
  /** The 64 bits of its username. */
  userLow = 0;
  userHigh = 0;
  readonly #k0: number;
  readonly #k1: number;

  /** @param key - 64 secret, random bits in two words */
  constructor(key: Int32Array) {
    this.#k0 = key[0] as number;
    this.#k1 = key[1] as number;
  }

  update(username: string, time: number, nonce: string | number): void {
    this.#hash(this.#k0, this.#k1, username.length, 0, 0, username);
    this.userLow = this.low;
    this.userHigh = this.high;

    // Types are told apart, so that no two triples are the same words.
    const isText = typeof nonce === 'string';
    const text = isText ? nonce : bitsOf(nonce);
    float[0] = time;
    const [low, high] = [floatWords[0] as number, floatWords[1] as number];
    this.#hash(this.userLow, this.userHigh, isText ? text.length : NUMBER, low, high, text);
  }

  /** Three words, then half a word for each UTF-16 code unit of a text: what the text's length is must follow from the first. */
  #hash(k0: number, k1: number, first: number, second: number, third: number, text: string): void {
    const { length } = text;
    const end = 3 + ((length + 1) >> 1);
    let v0 = k0;
    let v1 = k1 ^ 0xee;
    let v2 = 0x6c796765 ^ k0;
    let v3 = 0x74656462 ^ k1;
    // One round for each word, then three, then three for the second half of the output.
    for (let i = 0; i < end + 6; i++) {
      let word = 0;
      if (i < 3) word = i === 0 ? first : i === 1 ? second : third;
      else if (i < end) {
        const at = (i - 3) << 1;
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

/** The bits of a number as four code units. 0 and -0 are one number. */
function bitsOf(number: number): string {
  float[0] = number + 0;
  return String.fromCharCode(...floatUnits);
}
