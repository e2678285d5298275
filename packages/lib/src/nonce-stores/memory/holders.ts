/** Who holds nonces in memory: found by the hash of their name and by number. It grows in small pieces, as a large one that grows is a pause for all. */

/** Words of a row, and what they are: 32 bytes, so that a row lies in one line of the processor's cache. */
const WORDS = 8;
const LOW = 0;
const HIGH = 1;
/** Nonces that the user holds. */
const HELD = 2;
/** The second in which `CLAIMS` were made. */
const SECOND = 3;
const CLAIMS = 4;
/** The number of the next user in the same bucket; of a row that is free, of the next free row. */
const NEXT = 5;
/** The number of the first user in the bucket of this row, which has nothing else to do with the row's user. */
const FIRST = 6;

/** Rows in a piece, as a power of two. */
const PIECE_BITS = 10;
const PIECE = 1 << PIECE_BITS;

/**
 * Linear hashing (Litwin): a row brings a bucket along, so that there are never more users than buckets, and each new one takes the
 * users that are due to it from one other bucket: a new user waits for no more than that.
 */
export class Holders {
  readonly #pieces: Int32Array[] = [new Int32Array(PIECE * WORDS)];
  /** Rows there are. Numbers are above 0: the first row is a bucket only. */
  #rows = 1;
  /** The power of two that `rows` has reached. */
  #power = 1;
  #free = 0;

  /**
   * The number of a user, by the hash of its name; or 0.
   *
   * @param low, high - keyed: users whose hashes meet are taken for one
   */
  find(low: number, high: number): number {
    let number = this.#get(this.#bucketOf(low), FIRST);
    while (number !== 0 && (this.#get(number, LOW) !== low || this.#get(number, HIGH) !== high)) {
      number = this.#get(number, NEXT);
    }
    return number;
  }

  /** Takes in a user who is not there, and who holds nothing yet. */
  add(low: number, high: number): number {
    const number = this.#free === 0 ? this.#addRow() : this.#free;
    if (number === this.#free) this.#free = this.#get(number, NEXT);
    this.#set(number, LOW, low);
    this.#set(number, HIGH, high);
    this.#set(number, CLAIMS, 0);
    this.#putFirst(this.#bucketOf(low), number);
    return number;
  }

  /** How many nonces a user holds. */
  held(number: number): number {
    return this.#get(number, HELD);
  }

  /** How many claims a user has made in a second. */
  claims(number: number, second: number): number {
    return this.#get(number, SECOND) === (second | 0) ? this.#get(number, CLAIMS) : 0;
  }

  /** One more claim, of a nonce that the user holds from now on. */
  take(number: number, second: number): void {
    const claims = this.claims(number, second);
    this.#set(number, SECOND, second);
    this.#set(number, CLAIMS, claims + 1);
    this.#set(number, HELD, this.#get(number, HELD) + 1);
  }

  /** One of a user's nonces is forgotten; and the user, if it was the last. */
  release(number: number): void {
    const held = this.#get(number, HELD) - 1;
    this.#set(number, HELD, held);
    if (held === 0) this.#remove(number);
  }

  #remove(number: number): void {
    const next = this.#get(number, NEXT);
    const bucket = this.#bucketOf(this.#get(number, LOW));
    let before = this.#get(bucket, FIRST);
    if (before === number) this.#set(bucket, FIRST, next);
    else {
      while (this.#get(before, NEXT) !== number) before = this.#get(before, NEXT);
      this.#set(before, NEXT, next);
    }
    this.#set(number, NEXT, this.#free);
    this.#free = number;
  }

  #bucketOf(low: number): number {
    const bucket = low & (2 * this.#power - 1);
    return bucket < this.#rows ? bucket : bucket - this.#power;
  }

  #addRow(): number {
    const row = this.#rows;
    if (row % PIECE === 0) this.#pieces.push(new Int32Array(PIECE * WORDS));
    const bucket = row - this.#power;
    this.#rows += 1;
    let number = this.#get(bucket, FIRST);
    this.#set(bucket, FIRST, 0);
    while (number !== 0) {
      const next = this.#get(number, NEXT);
      this.#putFirst(this.#bucketOf(this.#get(number, LOW)), number);
      number = next;
    }
    if (this.#rows === 2 * this.#power) this.#power *= 2;
    return row;
  }

  #putFirst(bucket: number, number: number): void {
    this.#set(number, NEXT, this.#get(bucket, FIRST));
    this.#set(bucket, FIRST, number);
  }

  #get(row: number, word: number): number {
    return (this.#pieces[row >> PIECE_BITS] as Int32Array)[(row & (PIECE - 1)) * WORDS + word] as number;
  }

  #set(row: number, word: number, value: number): void {
    (this.#pieces[row >> PIECE_BITS] as Int32Array)[(row & (PIECE - 1)) * WORDS + word] = value;
  }
}
