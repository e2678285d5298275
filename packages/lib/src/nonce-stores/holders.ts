/** Who holds nonces in memory: found by name and by number. It grows in small pieces, as a large one that grows is a pause for all. */

/** A user's share. It exists while the user holds a nonce. */
export interface Holder {
  readonly username: string;
  readonly number: number;
  held: number;
  /** The second in which `claims` were made. */
  second: number;
  claims: number;
}

/** Maps that users are dealt to: with a million users, one that grows moves about a thousand. */
const SHARDS = 1024;
/** Numbers in a piece of the table of numbers. */
const PIECE = 4096;

/** Which map a user is in. Who registers many names of one map slows nobody down but those that grow it. */
export function shardOf(username: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < username.length; index++) {
    hash = Math.imul(hash ^ username.charCodeAt(index), 0x01000193);
  }
  return ((hash >>> 16) ^ hash) & (SHARDS - 1);
}

export class Holders {
  readonly #byName: (Map<string, Holder> | undefined)[] = Array.from({ length: SHARDS }, () => undefined);
  /** A place that is free has the number of the next free one. */
  readonly #byNumber: (Holder | number)[][] = [];
  #free = 0;
  /** Numbers are above 0. */
  #next = 1;

  named(username: string): Holder | undefined {
    return this.#byName[shardOf(username)]?.get(username);
  }

  /** @returns `undefined` for 0 */
  numbered(number: number): Holder | undefined {
    const holder = this.#byNumber[Math.floor(number / PIECE)]?.[number % PIECE];
    return typeof holder === 'object' ? holder : undefined;
  }

  /** A holder of nothing yet, for a user that has none. */
  add(username: string): Holder {
    const number = this.#free === 0 ? this.#next++ : this.#free;
    this.#byNumber[Math.floor(number / PIECE)] ??= [];
    const piece = this.#byNumber[Math.floor(number / PIECE)] as (Holder | number)[];
    if (this.#free !== 0) this.#free = piece[number % PIECE] as number;
    const holder = { username, number, held: 0, second: 0, claims: 0 };
    piece[number % PIECE] = holder;
    const shard = shardOf(username);
    this.#byName[shard] ??= new Map();
    this.#byName[shard].set(username, holder);
    return holder;
  }

  remove({ username, number }: Holder): void {
    const shard = shardOf(username);
    this.#byName[shard]?.delete(username);
    if (this.#byName[shard]?.size === 0) this.#byName[shard] = undefined;
    (this.#byNumber[Math.floor(number / PIECE)] as (Holder | number)[])[number % PIECE] = this.#free;
    this.#free = number;
  }
}
