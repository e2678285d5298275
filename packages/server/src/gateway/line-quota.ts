/** Limits log lines to a few a second for each subject, and reports how many were left out. */

/** Limits of one second. */
export interface LineLimits {
  /** Lines about one subject. */
  readonly each: number;
  /** Lines about all subjects together. Default: no limit. */
  readonly inAll?: number;
}

export interface LineQuota<Thing> {
  /**
   * Uses up one line of the current second. If none is left, counts the line; the count is reported when the second is over.
   *
   * @param name - identifies the subject
   * @returns whether the line may be written
   */
  take(name: string, thing: Thing): boolean;
  /** Reports the counts so far; called before the process ends. */
  flush(): void;
}

/** Subjects that are counted separately in one second; all others share one count. */
const MOST_THINGS = 1000;
/** Subjects that get their own report when a second is over; the others are summed up. */
const MOST_REPORTS = 10;

interface Place<Thing> {
  readonly thing: Thing | undefined;
  lines: number;
  left: number;
}

/**
 * Makes a quota for the lines of each wall-clock second.
 *
 * @param report - called for each subject with omitted lines, no later than the end of the second; the subject is `undefined` if the
 *   count is the sum of several subjects
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
      // Without a timer, the count would not be reported until the next line.
      timer ??= setTimeout(flush, (present + 1) * 1000 - now).unref();
      return false;
    },
    flush,
  };
}
