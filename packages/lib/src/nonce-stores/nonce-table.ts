/** A set of 64-bit hashes, each with the number of its holder, in flat memory: 12 bytes an entry, at most four of five places taken. */

const WORDS = 3;
const FIRST_PLACES = 16;

/** Open addressing with linear probing. It only grows; the whole is dropped at once. Signed words, as larger numbers would be boxed. */
export class NonceTable {
  size = 0;
  #places: number;
  #words: Int32Array;

  /** @param expected - entries to have room for at once */
  constructor(expected = 0) {
    this.#places = FIRST_PLACES;
    while (this.#places * 4 < expected * 5) this.#places *= 2;
    this.#words = new Int32Array(this.#places * WORDS);
  }

  /** Places, taken or not. */
  get places(): number {
    return this.#places;
  }

  has(low: number, high: number): boolean {
    return this.#words[this.#find(low, high) + 2] !== 0;
  }

  /**
   * Adds a hash that is not there.
   *
   * @param holder - a number above 0
   */
  add(low: number, high: number, holder: number): void {
    if ((this.size + 1) * 5 > this.#places * 4) this.#grow();
    this.#put(low, high, holder);
    this.size += 1;
  }

  /** The holder at a place, or 0. */
  holderAt(place: number): number {
    return (this.#words[place * WORDS + 2] as number) >>> 0;
  }

  /** Where a hash is, or would be put. */
  #find(lowWord: number, highWord: number): number {
    const words = this.#words;
    const low = lowWord | 0;
    const high = highWord | 0;
    const mask = this.#places - 1;
    for (let place = low & mask; ; place = (place + 1) & mask) {
      const at = place * WORDS;
      if (words[at + 2] === 0 || (words[at] === low && words[at + 1] === high)) return at;
    }
  }

  #put(low: number, high: number, holder: number): void {
    const at = this.#find(low, high);
    this.#words[at] = low;
    this.#words[at + 1] = high;
    this.#words[at + 2] = holder;
  }

  #grow(): void {
    const old = this.#words;
    this.#places *= 2;
    this.#words = new Int32Array(this.#places * WORDS);
    for (let at = 0; at < old.length; at += WORDS) {
      if (old[at + 2] !== 0) this.#put(old[at] as number, old[at + 1] as number, old[at + 2] as number);
    }
  }
}
