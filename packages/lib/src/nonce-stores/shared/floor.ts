/** Floors: claimed times at or below the floor of a store are refused, as their nonces may be forgotten. */

/** Returns the next number below a whole second: no claimed time lies between the two. */
export function justBelow(second: number): number {
  return second * (1 - Number.EPSILON / 2);
}

/**
 * Returns the floor of a store without records, where others may have claimed nonces before.
 *
 * @param now - seconds since the epoch
 * @param rise - seconds; 0 accepts the tokens of the current second too
 */
export function firstFloor(now: number, rise: number): number {
  return rise === 0 ? justBelow(Math.floor(now)) : now + rise;
}
