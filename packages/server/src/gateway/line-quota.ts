/** How many lines a log gets in a second: a few about each thing, and then the number of those that were left out. */

/** Limits of one second. */
export interface LineLimits {
  /** Lines about one thing. */
  readonly each: number;
  /** Lines about all things together; default: no limit beyond `each`. */
  readonly inAll?: number;
}

export interface LineQuota<Thing> {
  /**
   * Takes one of the lines that this second has room for. A line without room is counted, and reported when the second is over.
   *
   * @param name - what tells one thing from another
   * @returns whether the line may be written
   */
  take(name: string, thing: Thing): boolean;
  /** Reports now what was left out so far, as the process is about to end. */
  flush(): void;
}

/** Things that are told apart in one second; the lines about all others share one place. */
const MOST_THINGS = 1000;
/** Things that are reported on their own when a second is over; the others are summed up. */
const MOST_REPORTS = 10;

interface Place<Thing> {
  readonly thing: Thing | undefined;
  lines: number;
  left: number;
}

/**
 * Makes a quota for the lines of each wall-clock second.
 *
 * @param report - called once for each thing of which lines were left out, at the latest when the second is over, even if nothing
 *   more happens; with `undefined` for the sum of several things
 */
export function lineQuota<Thing>(
  { each, inAll = Number.POSITIVE_INFINITY }: LineLimits,
  report: (thing: Thing | undefined, left: number) => void,
): LineQuota<Thing> {
  const places = new Map<string, Place<Thing>>();
  let others: Place<Thing> = { thing: undefined, lines: 0, left: 0 };
  let second = Number.NaN;
  let lines = 0;
  let timer: NodeJS.Timeout | undefined;

  function placeOf(name: string, thing: Thing): Place<Thing> {
    const known = places.get(name);
    if (known !== undefined) return known;
    if (places.size >= MOST_THINGS) return others;
    const place = { thing, lines: 0, left: 0 };
    places.set(name, place);
    return place;
  }

  function flush(): void {
    clearTimeout(timer);
    timer = undefined;
    let reports = 0;
    let rest = others.left;
    others.left = 0;
    for (const place of places.values()) {
      const { thing, left } = place;
      if (left === 0) continue;
      place.left = 0;
      reports += 1;
      if (reports <= MOST_REPORTS) report(thing, left);
      else rest += left;
    }
    if (rest > 0) report(undefined, rest);
  }

  function begin(present: number): void {
    flush();
    second = present;
    lines = 0;
    places.clear();
    others = { thing: undefined, lines: 0, left: 0 };
  }

  return {
    take(name, thing) {
      const now = Date.now();
      const present = Math.floor(now / 1000);
      if (present !== second) begin(present);
      const place = placeOf(name, thing);
      if (place.lines < each && lines < inAll) {
        place.lines += 1;
        lines += 1;
        return true;
      }
      place.left += 1;
      // Nothing more may come, and the count is to be seen all the same.
      timer ??= setTimeout(flush, (present + 1) * 1000 - now).unref();
      return false;
    },
    flush,
  };
}
