/** Rule 9 of the replay rule: what to do about a floor in the far future, which was set while a clock was wrong. */

/** Keeps a store closed until no earlier token can still be fresh. The floor may then fall. */
export class Closing {
  readonly #keep: number;
  readonly #clockMargin: number;
  readonly #seconds: number;
  readonly #monotonic: () => number;
  /** When it began, by both clocks, and for which floor; `undefined` while the store is open. */
  #began: { readonly monotonic: number; readonly wall: number; readonly floor: number } | undefined;

  /**
   * @param tolerance - T, in seconds
   * @param clockMargin - M, in seconds
   * @param monotonic - seconds that never go back
   */
  constructor(tolerance: number, clockMargin: number, monotonic: () => number) {
    this.#keep = tolerance + clockMargin;
    this.#clockMargin = clockMargin;
    this.#seconds = 2 * tolerance + clockMargin;
    this.#monotonic = monotonic;
  }

  /**
   * Decides whether the store is open. A closing belongs to one floor, and lasts until the clock reaches it, 2T + M at most. If it
   * ended as soon as the floor is possible again, users would then have to wait until the clock reaches the floor: longer than 2T + M.
   *
   * @param wall - the clock, in seconds since the epoch
   * @param impossible - whether the floor is more than T + M ahead of the clocks
   * @returns `open`; `closed`; or `over`, once: the floor may fall to now
   */
  check(floor: number, wall: number, impossible = floor > wall + this.#keep): 'open' | 'closed' | 'over' {
    const began = this.#began;
    // The usual case does not read the monotonic clock.
    if (began === undefined && !impossible) return 'open';
    const monotonic = this.#monotonic();
    // If the two clocks disagree, the wall clock was set in between, and may have been right for a while.
    const stepped =
      began !== undefined && Math.abs(wall - began.wall - (monotonic - began.monotonic)) > this.#clockMargin;
    if (began === undefined || stepped || floor !== began.floor) {
      this.#began = impossible ? { monotonic, wall, floor } : undefined;
      return impossible ? 'closed' : 'open';
    }
    const over = monotonic - began.monotonic >= this.#seconds;
    if (floor > wall && !over) return 'closed';
    this.#began = undefined;
    return floor > wall ? 'over' : 'open';
  }

  /** Seconds until the floor may fall, 0 or less from then on; `undefined` while the store is open. */
  get rest(): number | undefined {
    return this.#began && Math.ceil(this.#began.monotonic + this.#seconds - this.#monotonic());
  }
}
