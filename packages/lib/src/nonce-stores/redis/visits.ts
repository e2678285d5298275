/** Visits the buckets of the Redis nonce store, so that their epochs are settled before a request needs them. */

/** Users are hashed into this many. It is the same for all processes, for ever: another number would look elsewhere. */
export const BUCKETS = 1024;
/** Buckets that are visited at the same time. */
const AT_ONCE = 64;
/** Seconds between turns. */
const TURN = 1;
/** Turns in which each bucket is visited at least once. */
const ROUND = 32;
/** Seconds after which a server is looked at again, as its configuration may have changed. */
const INSPECTION = 30;

/** What is done on a visit. */
export interface Visitor {
  /** Throws where the server of a bucket is not fit to keep nonces. */
  inspect(bucket: number): Promise<void>;
  /** Settles a bucket's epoch, and tells what its server's incarnation is, and whether it was another one before. */
  settle(bucket: number, now: number): Promise<{ readonly incarnation: string; readonly changed: boolean }>;
  /** Told how a turn went. */
  report(error: unknown): void;
  /** Seconds since the epoch. */
  clock(): number;
  /** Seconds that only ever go forward. */
  monotonic(): number;
}

/**
 * Once a second a few buckets are visited, spread over all servers. Where one of them was last used on another incarnation of
 * its server, so probably were others: then all are visited.
 */
export class BucketVisits {
  readonly #visitor: Visitor;
  /** When servers were looked at, by incarnation. */
  readonly #inspections = new Map<string, number>();
  /** The visit to all buckets that is under way, or failed. */
  #all: Promise<void> | undefined;
  #underWay = false;
  /** When the last one began. */
  #lastAll = Number.NEGATIVE_INFINITY;
  #usable = false;
  /** Why a server was not fit, or could not be asked. */
  #fault: unknown;
  #suspected = false;
  #turn = 0;
  #turning = false;
  #timer: NodeJS.Timeout | undefined;
  #ended = false;

  constructor(visitor: Visitor) {
    this.#visitor = visitor;
  }

  /** Whether all buckets were visited, and all servers were found fit. */
  get usable(): boolean {
    return this.#usable;
  }

  /** The visit to all buckets that must succeed first; one that failed is made again at the next turn, not by every request. */
  async whenUsable(now: number): Promise<void> {
    await (this.#all ?? this.all(now));
    if (!this.#usable) throw this.#fault;
  }

  /** Visits all buckets, or joins a visit that is under way. */
  all(now: number): Promise<void> {
    if (this.#all !== undefined && this.#underWay) return this.#all;
    this.#underWay = true;
    this.#all = this.#visitAll(now).finally(() => {
      this.#underWay = false;
    });
    this.#all.catch(() => {});
    return this.#all;
  }

  /** Whether no bucket is known to wait for a visit. */
  get settled(): boolean {
    return !this.#suspected && !this.#underWay;
  }

  /** A claim has found another incarnation: all buckets are visited, at once or, while slots move one by one, at the next turn. */
  suspect(): void {
    if (this.#suspected) return;
    this.#suspected = true;
    if (this.#visitor.monotonic() - this.#lastAll >= TURN) void this.takeTurn();
  }

  begin(): void {
    if (this.#timer !== undefined || this.#ended) return;
    this.#timer = setInterval(() => this.takeTurn(), TURN * 1000);
    this.#timer.unref();
  }

  end(): void {
    this.#ended = true;
    clearInterval(this.#timer);
  }

  /** One turn; never two at a time, however long Redis takes. */
  async takeTurn(): Promise<void> {
    if (this.#turning) return;
    this.#turning = true;
    try {
      const now = this.#visitor.clock();
      if (!this.#usable || this.#suspected || (await this.#visitSome(now))) await this.all(now);
      this.#visitor.report(undefined);
    } catch (error) {
      this.#visitor.report(error);
    } finally {
      this.#turning = false;
    }
  }

  async #visitAll(now: number): Promise<void> {
    this.#suspected = false;
    this.#lastAll = this.#visitor.monotonic();
    await this.#inspect(0);
    for (let first = 0; first < BUCKETS; first += AT_ONCE) {
      await Promise.all(Array.from({ length: AT_ONCE }, (_, index) => this.#visit(first + index, now)));
    }
    this.#usable = true;
  }

  async #visitSome(now: number): Promise<boolean> {
    const buckets = Array.from({ length: BUCKETS / ROUND }, (_, index) => index * ROUND + this.#turn);
    this.#turn = (this.#turn + 1) % ROUND;
    const changed = await Promise.all(buckets.map((bucket) => this.#visit(bucket, now)));
    return changed.includes(true);
  }

  async #visit(bucket: number, now: number): Promise<boolean> {
    const { incarnation, changed } = await this.#visitor.settle(bucket, now);
    const before = this.#inspections.get(incarnation);
    const at = this.#visitor.monotonic();
    if (before === undefined || at - before >= INSPECTION) {
      this.#inspections.set(incarnation, at);
      await this.#inspect(bucket);
    }
    return changed;
  }

  /** A server that is unfit makes the store unusable, until a visit to all buckets finds it mended. */
  async #inspect(bucket: number): Promise<void> {
    try {
      await this.#visitor.inspect(bucket);
    } catch (error) {
      this.#inspections.clear();
      this.#usable = false;
      this.#fault = error;
      throw error;
    }
  }
}
