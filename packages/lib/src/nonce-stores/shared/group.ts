/** Sends claims to a database in groups, so that many callers cost little more than one (group commit). */
import { outsideContext, sharesPromises } from '#engine';
import { inTime, lateError } from '../../core/in-time.ts';

/** How a database is used. */
interface GroupLimits {
  /** Maximum number of items in a group. A larger group would take so long that its items come close to their deadlines. */
  readonly maxItems: number;
  /** Maximum number of groups in flight before any of their deadlines. */
  readonly maxInFlight: number;
  /** Names the database in the error for an item without a result at its deadline. */
  readonly what: string;
  /** The end of that error: `within 150 ms`. */
  readonly limit: string;
}

/**
 * Sends a group.
 *
 * @param items - at least one
 * @param end - the latest deadline of the items, by `performance.now()`
 * @returns a result for each item, in the same order
 */
type SendGroup<Item, Result> = (items: readonly Item[], end: number) => Promise<readonly Result[]>;

interface Entry<Item, Result> {
  readonly item: Item;
  readonly end: number;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Sends items in groups. A group consists of the items that arrive while earlier groups are in flight, so no item waits for a timer. An
 * item that arrives while another group may be sent goes with the other items of the same microtask.
 */
export class Groups<Item, Result> {
  readonly #send: SendGroup<Item, Result>;
  readonly #limits: GroupLimits;
  /** The items that have no result yet, in the order of their arrival. */
  readonly #pending = new Set<Entry<Item, Result>>();
  /** The items of `#pending` that have not been sent. */
  #waiting: Entry<Item, Result>[] = [];
  /** The groups that the next group may have to wait for. */
  readonly #inFlight = new Set<readonly Entry<Item, Result>[]>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** When the timer fires, by `performance.now()`. */
  #timerEnd = Number.POSITIVE_INFINITY;

  constructor(send: SendGroup<Item, Result>, limits: GroupLimits) {
    this.#send = send;
    this.#limits = limits;
  }

  /**
   * Sends an item in the next group.
   *
   * @param end - the deadline of the item, by `performance.now()`
   * @throws UnavailableError at the deadline; the item may or may not have been sent
   * @throws any error of the group
   */
  add(item: Item, end: number): Promise<Result> {
    if (!sharesPromises) return this.#sendOne(item, end);
    return new Promise((resolve, reject) => {
      const entry = { item, end, resolve, reject };
      this.#pending.add(entry);
      this.#waiting.push(entry);
      if (end < this.#timerEnd) this.#setTimer(end);
      if (this.#mayGo() && this.#waiting.length === 1) {
        outsideContext(() => queueMicrotask(() => this.#next()));
      }
    });
  }

  async #sendOne(item: Item, end: number): Promise<Result> {
    const milliseconds = Math.max(0, Math.ceil(end - performance.now()));
    const [result] = await inTime(this.#send([item], end), milliseconds, this.#limits.what, this.#limits.limit);
    return result as Result;
  }

  #mayGo(): boolean {
    return this.#inFlight.size < this.#limits.maxInFlight;
  }

  /** Sends the next groups. */
  #next(): void {
    while (this.#waiting.length > 0 && this.#mayGo()) this.#sendGroup(this.#waiting.splice(0, this.#limits.maxItems));
  }

  #sendGroup(group: readonly Entry<Item, Result>[]): void {
    this.#inFlight.add(group);
    const items = group.map(({ item }) => item);
    const latest = Math.max(...group.map(({ end }) => end));
    outsideContext(() => this.#send(items, latest)).then(
      (results) => this.#settle(group, (entry, index) => entry.resolve(results[index] as Result)),
      (error: unknown) => this.#settle(group, ({ reject }) => reject(error)),
    );
  }

  #settle(group: readonly Entry<Item, Result>[], settle: (entry: Entry<Item, Result>, index: number) => void): void {
    for (const [index, entry] of group.entries()) if (this.#pending.delete(entry)) settle(entry, index);
    if (this.#pending.size === 0) this.#setTimer(Number.POSITIVE_INFINITY);
    if (!this.#inFlight.delete(group)) return;
    this.#rejectLate();
    this.#next();
  }

  /** Rejects items at their deadlines. After the first deadline in a group, the next group no longer waits for it. */
  #rejectLate(): void {
    const now = performance.now();
    if (now < this.#timerEnd) return;
    let next = Number.POSITIVE_INFINITY;
    for (const entry of this.#pending) {
      if (entry.end > now) {
        next = Math.min(next, entry.end);
      } else {
        this.#pending.delete(entry);
        entry.reject(lateError(this.#limits.what, this.#limits.limit));
      }
    }
    this.#waiting = this.#waiting.filter((entry) => this.#pending.has(entry));
    for (const group of this.#inFlight) {
      if (group.some((entry) => !this.#pending.has(entry))) this.#inFlight.delete(group);
    }
    this.#setTimer(next);
  }

  /** @param end - when the timer fires, by `performance.now()`; infinite for no timer */
  #setTimer(end: number): void {
    clearTimeout(this.#timer);
    this.#timerEnd = end;
    if (end === Number.POSITIVE_INFINITY) return;
    const fire = () => {
      // A timer can fire a little too early. Whatever the time is, `#rejectLate` sets the next timer.
      this.#timerEnd = Number.NEGATIVE_INFINITY;
      this.#rejectLate();
      this.#next();
    };
    this.#timer = setTimeout(fire, Math.max(0, Math.ceil(end - performance.now())));
    (this.#timer as { unref?: () => void }).unref?.();
  }
}
