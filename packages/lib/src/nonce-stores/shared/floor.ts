/** Computes floors. A store refuses claimed times at or below its floor, because it may have forgotten their nonces. */

/** Returns the largest number below a whole second, so that no claimed time lies between the two. */
export function justBelow(second: number): number {
  return second * (1 - Number.EPSILON / 2);
}

/**
 * Returns the floor of a new store, which may replace one that had claimed nonces.
 *
 * @param now - seconds since the epoch
 * @param rise - how far the floor is above `now`, in seconds; with 0, it is just below the current second
 */
export function firstFloor(now: number, rise: number): number {
  return rise === 0 ? justBelow(Math.floor(now)) : now + rise;
}
