/** Rule 9 of the replay rule: what to do about a floor that lies in the far future, as a clock was wrong when it was set. */

/** Keeps a store closed long enough that no token from before can be fresh, then says once that the floor may fall. */
export class Closing {
  readonly #seconds: number;
  readonly #margin: number;
  readonly #monotonic: () => number;
  /** When it began, by the monotonic and by the wall clock; `undefined` = open. */
  #began: { readonly monotonic: number; readonly wall: number } | undefined;

  /**
   * @param seconds - 2T + M
   * @param margin - M
   * @param monotonic - seconds that only ever go forward
   */
  constructor(seconds: number, margin: number, monotonic: () => number) {
    this.#seconds = seconds;
    this.#margin = margin;
    this.#monotonic = monotonic;
  }

  /**
   * To be asked at every claim, so that a closing that has no more reason does not count for a later one.
   *
   * @param impossible - whether the floor lies more than T + M ahead of the clock
   * @param wall - the clock that says so, in seconds since the epoch
   * @returns `open`; `closed`; or `over`: the floor may fall to now
   */
  check(impossible: boolean, wall: number): 'open' | 'closed' | 'over' {
    if (!impossible) {
      this.#began = undefined;
      return 'open';
    }
    const monotonic = this.#monotonic();
    const began = this.#began;
    // Where the clocks went apart, the wall clock stepped in between: it may have been right for a while.
    if (began === undefined || Math.abs(wall - began.wall - (monotonic - began.monotonic)) > this.#margin) {
      this.#began = { monotonic, wall };
      return 'closed';
    }
    if (monotonic - began.monotonic < this.#seconds) return 'closed';
    this.#began = undefined;
    return 'over';
  }

  /** Seconds until the end of a closing. */
  get rest(): number {
    return this.#began === undefined ? 0 : Math.ceil(this.#began.monotonic + this.#seconds - this.#monotonic());
  }
}
