/** Sends claims to a database in groups, so that many callers cost little more than one (group commit). */
import { outsideContext, sharesPromises } from '#engine';
import { inTime, lateError } from '../../core/in-time.ts';

/** Maximum number of items in a group. A larger group would take so long that its items come close to their deadlines. */
const MAX_ITEMS = 256;

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
 * Sends items in groups. A group consists of the items that arrive while the previous group is in flight, so no item waits for a timer. An
 * item that arrives while no group is in flight is sent with the other items of the same microtask.
 */
export class Groups<Item, Result> {
  readonly #send: SendGroup<Item, Result>;
  readonly #what: string;
  readonly #limit: string;
  /** The items that have no result yet, in the order of their arrival. */
  readonly #pending = new Set<Entry<Item, Result>>();
  /** The items of `#pending` that have not been sent. */
  #waiting: Entry<Item, Result>[] = [];
  /** The latest group, while the next one waits for it. */
  #inFlight: readonly Entry<Item, Result>[] | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** When the timer fires, by `performance.now()`. */
  #timerEnd = Number.POSITIVE_INFINITY;

  /**
   * @param what - names the database in the error for an item without a result at its deadline
   * @param limit - the end of that error: `within 150 ms`
   */
  constructor(send: SendGroup<Item, Result>, what: string, limit: string) {
    this.#send = send;
    this.#what = what;
    this.#limit = limit;
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
      if (this.#inFlight === undefined && this.#waiting.length === 1) {
        outsideContext(() => queueMicrotask(() => this.#next()));
      }
    });
  }

  async #sendOne(item: Item, end: number): Promise<Result> {
    const milliseconds = Math.max(0, Math.ceil(end - performance.now()));
    const [result] = await inTime(this.#send([item], end), milliseconds, this.#what, this.#limit);
    return result as Result;
  }

  /** Sends the next group, unless one is in flight. */
  #next(): void {
    if (this.#inFlight !== undefined) return;
    const group = this.#waiting.slice(0, MAX_ITEMS);
    this.#waiting = this.#waiting.slice(MAX_ITEMS);
    if (group.length === 0) return;
    this.#inFlight = group;
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
    if (this.#inFlight !== group) return;
    this.#inFlight = undefined;
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
        entry.reject(lateError(this.#what, this.#limit));
      }
    }
    this.#waiting = this.#waiting.filter((entry) => this.#pending.has(entry));
    if (this.#inFlight?.some((entry) => !this.#pending.has(entry))) this.#inFlight = undefined;
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
