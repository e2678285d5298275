/** The next number below an integral second: no claimed time lies between the two. */
export function justBelow(second: number): number {
  return second * (1 - Number.EPSILON / 2);
}
