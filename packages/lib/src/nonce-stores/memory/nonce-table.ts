/** A set of 64-bit hashes, each with the number of its holder, in flat memory: 12 bytes an entry, at most four of five places taken. */

const WORDS = 3;
const FIRST_PLACES = 16;
/** Old places that an entry moves on after the table has grown: they are all moved long before it grows again. */
const MOVES = 8;

/**
 * Open addressing with linear probing. It only grows, a few entries at a time; the whole is dropped at once. Its words are signed,
 * as larger numbers would be boxed.
 */
export class NonceTable {
  size = 0;
  #places: number;
  #words: Int32Array;
  /** The table before it grew, while entries of it are still to be moved; those before the mark are in both. */
  #old: Int32Array | undefined;
  #moved = 0;

  /** @param expected - entries to have room for at once */
  constructor(expected = 0) {
    this.#places = FIRST_PLACES;
    while (this.#places * 4 < expected * 5) this.#places *= 2;
    this.#words = new Int32Array(this.#places * WORDS);
  }

  /** Places, taken or not. */
  get places(): number {
    return this.#places + (this.#old === undefined ? 0 : this.#places / 2);
  }

  has(low: number, high: number): boolean {
    if (isTaken(this.#words, find(this.#words, this.#places, low, high))) return true;
    const old = this.#old;
    return old !== undefined && isTaken(old, find(old, this.#places / 2, low, high));
  }

  /**
   * Adds a hash that is not there.
   *
   * @param holder - a number above 0
   * @throws RangeError as {@link makeRoom}
   */
  add(low: number, high: number, holder: number): void {
    if (this.#old !== undefined) this.#move(this.#old);
    this.makeRoom();
    put(this.#words, this.#places, low, high, holder);
    this.size += 1;
  }

  /** The holder at a place, or 0: each entry is at one place only. */
  holderAt(place: number): number {
    const beyond = place - this.#places;
    if (beyond < 0) return (this.#words[place * WORDS + 2] as number) >>> 0;
    return beyond * WORDS < this.#moved ? 0 : ((this.#old as Int32Array)[beyond * WORDS + 2] as number) >>> 0;
  }

  /**
   * Makes room for one more entry: after it, the next `add` asks for no memory.
   *
   * @throws RangeError if there is no memory to grow into; the table is as before
   */
  makeRoom(): void {
    if ((this.size + 1) * 5 <= this.#places * 4) return;
    const words = new Int32Array(this.#places * 2 * WORDS);
    this.#old = this.#words;
    this.#moved = 0;
    this.#places *= 2;
    this.#words = words;
  }

  #move(old: Int32Array): void {
    const end = Math.min(this.#moved + MOVES * WORDS, old.length);
    for (let at = this.#moved; at < end; at += WORDS) {
      if (!isTaken(old, at)) continue;
      put(this.#words, this.#places, old[at] as number, old[at + 1] as number, old[at + 2] as number);
    }
    this.#moved = end;
    if (end === old.length) this.#old = undefined;
  }
}

/** Where a hash is, or would be put. */
function find(words: Int32Array, places: number, lowWord: number, highWord: number): number {
  const low = lowWord | 0;
  const high = highWord | 0;
  const mask = places - 1;
  for (let place = low & mask; ; place = (place + 1) & mask) {
    const at = place * WORDS;
    if (words[at + 2] === 0 || (words[at] === low && words[at + 1] === high)) return at;
  }
}

function isTaken(words: Int32Array, at: number): boolean {
  return words[at + 2] !== 0;
}

function put(words: Int32Array, places: number, low: number, high: number, holder: number): void {
  const at = find(words, places, low, high);
  words[at] = low;
  words[at + 1] = high;
  words[at + 2] = holder;
}
