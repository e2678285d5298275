/** Maps 64-bit hashes to the numbers of their holders, in one array with 12 bytes per place. At most 80% of the places are taken. */

const WORDS = 3;
const FIRST_PLACES = 16;
/** How many places of the old array each `add` moves after the table has grown. All are moved long before the table grows again. */
const MOVES = 8;

/**
 * A hash table with open addressing and linear probing. Single entries are never removed: the whole table is dropped at once. After the
 * table has grown, each `add` moves a few entries. Words are signed, because JavaScript engines box larger numbers.
 */
export class NonceTable {
  size = 0;
  #places: number;
  #words: Int32Array;
  /** The old array, until all its entries have moved. Entries before `#moved` are in both arrays. */
  #old: Int32Array | undefined;
  #moved = 0;

  /** @param expected - entries to allocate room for */
  constructor(expected = 0) {
    this.#places = FIRST_PLACES;
    while (this.#places * 4 < expected * 5) this.#places *= 2;
    this.#words = new Int32Array(this.#places * WORDS);
  }

  /** The number of places, taken or free. */
  get places(): number {
    return this.#places + (this.#old === undefined ? 0 : this.#places / 2);
  }

  has(low: number, high: number): boolean {
    if (isTaken(this.#words, find(this.#words, this.#places, low, high))) return true;
    const old = this.#old;
    return old !== undefined && isTaken(old, find(old, this.#places / 2, low, high));
  }

  /**
   * Adds a hash that is not in the table.
   *
   * @param holder - a number above 0
   * @throws RangeError as {@link makeRoom} does
   */
  add(low: number, high: number, holder: number): void {
    if (this.#old !== undefined) this.#move(this.#old);
    this.makeRoom();
    put(this.#words, this.#places, low, high, holder);
    this.size += 1;
  }

  /** Returns the holder at a place, or 0. Each entry has a holder at exactly one place. */
  holderAt(place: number): number {
    const beyond = place - this.#places;
    if (beyond < 0) return (this.#words[place * WORDS + 2] as number) >>> 0;
    return beyond * WORDS < this.#moved ? 0 : ((this.#old as Int32Array)[beyond * WORDS + 2] as number) >>> 0;
  }

  /**
   * Makes room for one more entry, so that the next `add` allocates no memory.
   *
   * @throws RangeError if there is not enough memory; the table is then unchanged
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

/** Returns the index of a hash, or the index where it would be put. */
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
