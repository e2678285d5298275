/**
 * Counts the nonces and claims of each user. The table grows in small pieces, because growing one large array would pause every request.
 */

/** The number of 32-bit words in a row. A row of 32 bytes fits into one cache line of the processor. */
const WORDS = 8;
const LOW = 0;
const HIGH = 1;
/** The number of nonces that the user holds. */
const HELD = 2;
/** The second that `CLAIMS` counts. */
const SECOND = 3;
const CLAIMS = 4;
/** The next user in the same bucket or, in a free row, the next free row. */
const NEXT = 5;
/** The first user in the bucket with the same number as this row. The user stored in this row may belong to another bucket. */
const FIRST = 6;

/** A piece has 2^PIECE_BITS rows. */
const PIECE_BITS = 10;
const PIECE = 1 << PIECE_BITS;

/**
 * A hash table of users. `find` and `add` return the number of a user, which the other methods take. The table uses linear hashing
 * (Litwin): each new row adds a bucket, and moves some users of one other bucket into it. Adding a user therefore never rehashes the whole
 * table.
 */
export class Holders {
  readonly #pieces: Int32Array[] = [new Int32Array(PIECE * WORDS)];
  /** The number of rows. Row 0 serves only as a bucket, so users have numbers above 0. */
  #rows = 1;
  /** The largest power of two that is not above `#rows`. */
  #power = 1;
  #free = 0;

  /**
   * Returns the number of a user, or 0 if the table does not have the user.
   *
   * @param low, high - the keyed hash of the name; users with the same hash count as one
   */
  find(low: number, high: number): number {
    let number = this.#get(this.#bucketOf(low), FIRST);
    while (number !== 0 && (this.#get(number, LOW) !== low || this.#get(number, HIGH) !== high)) {
      number = this.#get(number, NEXT);
    }
    return number;
  }

  /** Adds a user who is not in the table. @returns the number of the user */
  add(low: number, high: number): number {
    const number = this.#free === 0 ? this.#addRow() : this.#free;
    if (number === this.#free) this.#free = this.#get(number, NEXT);
    this.#set(number, LOW, low);
    this.#set(number, HIGH, high);
    this.#set(number, CLAIMS, 0);
    this.#putFirst(this.#bucketOf(low), number);
    return number;
  }

  /** Returns how many nonces a user holds. */
  held(number: number): number {
    return this.#get(number, HELD);
  }

  /** Returns how many claims a user has made in the given second. */
  claims(number: number, second: number): number {
    return this.#get(number, SECOND) === (second | 0) ? this.#get(number, CLAIMS) : 0;
  }

  /** Counts a claim in this second, and one more nonce that the user holds. */
  take(number: number, second: number): void {
    const claims = this.claims(number, second);
    this.#set(number, SECOND, second);
    this.#set(number, CLAIMS, claims + 1);
    this.#set(number, HELD, this.#get(number, HELD) + 1);
  }

  /** Counts one nonce fewer. Removes the user if no nonce is left. */
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
