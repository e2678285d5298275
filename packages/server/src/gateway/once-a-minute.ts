/** What is said once a minute, however often it happens. */

/** Milliseconds between two sayings of one thing, and things that are remembered meanwhile. */
const AT_MOST_EVERY = 60_000;
const MOST_THINGS = 1000;

/**
 * @param now - milliseconds
 * @returns whether a thing may be said now; nothing may while too many others were
 */
export function onceAMinute(now: () => number = () => performance.now()): (thing: string) => boolean {
  const said = new Map<string, number>();
  return (thing) => {
    const at = now();
    for (const [place, last] of said) {
      if (at - last < AT_MOST_EVERY) break;
      said.delete(place);
    }
    if (said.has(thing) || said.size >= MOST_THINGS) return false;
    said.set(thing, at);
    return true;
  };
}
