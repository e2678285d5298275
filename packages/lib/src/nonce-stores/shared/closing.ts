/** Handles a floor in the far future, which was set while a clock was wrong (spec/PROTOCOL.md, rule 9). */

/** Keeps a store closed until all earlier tokens have expired. After that, the floor may fall. */
export class Closing {
  readonly #keep: number;
  readonly #clockMargin: number;
  readonly #seconds: number;
  readonly #monotonic: () => number;
  /** The time at which the store was closed, by both clocks, and the floor that closed it; `undefined` while the store is open. */
  #began: { readonly monotonic: number; readonly wall: number; readonly floor: number } | undefined;

  /**
   * @param tolerance - T, in seconds
   * @param clockMargin - M, in seconds
   * @param monotonic - returns the seconds of a clock that never goes back
   */
  constructor(tolerance: number, clockMargin: number, monotonic: () => number) {
    this.#keep = tolerance + clockMargin;
    this.#clockMargin = clockMargin;
    this.#seconds = 2 * tolerance + clockMargin;
    this.#monotonic = monotonic;
  }

  /**
   * Decides whether the store is open. A closed store stays closed until the clock reaches the floor, for 2T + M at most. It does not open
   * as soon as the floor is possible again: tokens would still be refused until the clock reaches the floor, which could take longer than
   * 2T + M.
   *
   * @param wall - the clock, in seconds since the epoch
   * @param impossible - whether the floor is more than T + M ahead of the clocks
   * @returns `open`; `closed`; or `over`, once, when the floor may fall to now
   */
  check(floor: number, wall: number, impossible = floor > wall + this.#keep): 'open' | 'closed' | 'over' {
    const began = this.#began;
    // Usually returns without reading the monotonic clock.
    if (began === undefined && !impossible) return 'open';
    const monotonic = this.#monotonic();
    // If one clock has advanced more than the other, the wall clock was set meanwhile. It may have been right for a while, so the wait
    // starts again.
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

  /** Seconds until the floor may fall, 0 or less after that; `undefined` while the store is open. */
  get rest(): number | undefined {
    return this.#began && Math.ceil(this.#began.monotonic + this.#seconds - this.#monotonic());
  }
}
