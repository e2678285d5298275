/** Visits the buckets of the Redis nonce store, so that their epochs are settled before a request needs them. */

/**
 * The number of buckets that users are hashed into. It must never change, because processes with different numbers would use different
 * buckets.
 */
export const BUCKETS = 1024;
/** How many buckets are visited at the same time. */
const AT_ONCE = 64;
/** Seconds between turns. */
const TURN_SECONDS = 1;
/** The number of turns after which every bucket has been visited. */
const TURNS_PER_ROUND = 32;
/** Seconds after which a server is inspected again: its configuration may have changed. */
const INSPECTION_SECONDS = 30;

/** What a visit to a bucket does. */
export interface Visitor {
  /** Checks the server of a bucket. @throws if it is not fit to keep nonces */
  inspect(bucket: number): Promise<void>;
  /** Settles the epoch of a bucket. @returns the incarnation of its server, and whether the bucket had recorded another one */
  settle(bucket: number, now: number): Promise<{ readonly incarnation: string; readonly changed: boolean }>;
  /** Called after each turn. `error` is `undefined` if the turn succeeded. */
  report(error: unknown): void;
  /** Returns seconds since the epoch. */
  clock(): number;
  /** Returns the seconds of a clock that never goes back. */
  monotonic(): number;
}

/**
 * Visits a few buckets every second, spread over all servers. If one of them had recorded another incarnation of its server, others
 * probably had too, so all buckets are visited.
 */
export class BucketVisits {
  readonly #visitor: Visitor;
  /** When each server was last inspected, by incarnation. */
  readonly #inspections = new Map<string, number>();
  /** The last visit to all buckets. */
  #all: Promise<void> | undefined;
  #isVisitingAll = false;
  /** When the last visit to all buckets began. */
  #lastAll = Number.NEGATIVE_INFINITY;
  #usable = false;
  /** Why a server is not fit, or cannot be reached. */
  #fault: unknown;
  #suspected = false;
  #turn = 0;
  #turning = false;
  #timer: NodeJS.Timeout | undefined;
  #ended = false;

  constructor(visitor: Visitor) {
    this.#visitor = visitor;
  }

  /** Whether all buckets have been visited, and all servers are fit. */
  get usable(): boolean {
    return this.#usable;
  }

  /** Waits for the first visit to all buckets. If that visit fails, the next turn repeats it; requests do not. */
  async whenUsable(now: number): Promise<void> {
    await (this.#all ?? this.all(now));
    if (!this.#usable) throw this.#fault;
  }

  /** Visits all buckets, or waits for a visit to all buckets that is in progress. */
  all(now: number): Promise<void> {
    if (this.#all !== undefined && this.#isVisitingAll) return this.#all;
    this.#isVisitingAll = true;
    this.#all = this.#visitAll(now).finally(() => {
      this.#isVisitingAll = false;
    });
    this.#all.catch(() => {});
    return this.#all;
  }

  /** Whether no visit to all buckets is due or in progress. */
  get settled(): boolean {
    return !this.#suspected && !this.#isVisitingAll;
  }

  /**
   * Called when a claim finds a new incarnation. Visits all buckets: at once, or at the next turn if the last such visit has just begun, as
   * happens while slots move one by one.
   */
  suspect(): void {
    if (this.#suspected) return;
    this.#suspected = true;
    if (this.#visitor.monotonic() - this.#lastAll >= TURN_SECONDS) void this.takeTurn();
  }

  begin(): void {
    if (this.#timer !== undefined || this.#ended) return;
    this.#timer = setInterval(() => this.takeTurn(), TURN_SECONDS * 1000);
    this.#timer.unref();
  }

  end(): void {
    this.#ended = true;
    clearInterval(this.#timer);
  }

  /** Takes a turn, unless one is in progress. */
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
    const buckets = Array.from(
      { length: BUCKETS / TURNS_PER_ROUND },
      (_, index) => index * TURNS_PER_ROUND + this.#turn,
    );
    this.#turn = (this.#turn + 1) % TURNS_PER_ROUND;
    const changed = await Promise.all(buckets.map((bucket) => this.#visit(bucket, now)));
    return changed.includes(true);
  }

  async #visit(bucket: number, now: number): Promise<boolean> {
    const { incarnation, changed } = await this.#visitor.settle(bucket, now);
    const before = this.#inspections.get(incarnation);
    const at = this.#visitor.monotonic();
    if (before === undefined || at - before >= INSPECTION_SECONDS) {
      this.#inspections.set(incarnation, at);
      await this.#inspect(bucket);
    }
    return changed;
  }

  /** Inspects the server of a bucket. If it is unfit, the store is unusable until a visit to all buckets finds it fit. */
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
