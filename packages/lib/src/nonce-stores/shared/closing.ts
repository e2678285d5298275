/** Rule 9 of the replay rule: what to do about a floor that lies in the far future, as a clock was wrong when it was set. */

/** Keeps a store closed long enough that no token from before can be fresh, then says once that the floor may fall. */
export class Closing {
  readonly #keep: number;
  readonly #margin: number;
  readonly #seconds: number;
  readonly #monotonic: () => number;
  /** When it began, by the monotonic and by the wall clock, and for which floor; `undefined` = open. */
  #began: { readonly monotonic: number; readonly wall: number; readonly floor: number } | undefined;

  /**
   * @param tolerance - T
   * @param margin - M
   * @param monotonic - seconds that only ever go forward
   */
  constructor(tolerance: number, margin: number, monotonic: () => number) {
    this.#keep = tolerance + margin;
    this.#margin = margin;
    this.#seconds = 2 * tolerance + margin;
    this.#monotonic = monotonic;
  }

  /** Whether nothing may be claimed before the floor was looked at. */
  get begun(): boolean {
    return this.#began !== undefined;
  }

  /**
   * One closing is for one floor, and once begun it is kept until time has come to that floor: if it ended as soon as the floor is
   * possible again, everybody would wait for the rest of the way, and 2T + M would not be the longest lock-out.
   *
   * @param wall - the clock, in seconds since the epoch
   * @param impossible - whether the floor lies more than T + M ahead of the clocks
   * @returns `open`; `closed`; or `over`: the floor may fall to now
   */
  check(floor: number, wall: number, impossible = floor > wall + this.#keep): 'open' | 'closed' | 'over' {
    const began = this.#began;
    // Nearly always: no look at another clock is needed.
    if (began === undefined && !impossible) return 'open';
    const monotonic = this.#monotonic();
    // Where the clocks went apart, the wall clock stepped in between: it may have been right for a while.
    const stepped = began !== undefined && Math.abs(wall - began.wall - (monotonic - began.monotonic)) > this.#margin;
    if (began === undefined || stepped || floor !== began.floor) {
      this.#began = impossible ? { monotonic, wall, floor } : undefined;
      return impossible ? 'closed' : 'open';
    }
    const over = monotonic - began.monotonic >= this.#seconds;
    if (floor > wall && !over) return 'closed';
    this.#began = undefined;
    return floor > wall ? 'over' : 'open';
  }

  /** Seconds until the end of a closing. */
  get rest(): number {
    return this.#began === undefined ? 0 : Math.ceil(this.#began.monotonic + this.#seconds - this.#monotonic());
  }
}
