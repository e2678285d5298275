/** Explicit-state model checking: visits every reachable state once, the nearest first. */

/** One possible action and the state after it. */
export interface Step<State> {
  readonly action: string;
  readonly state: State;
}

export interface Model<State> {
  readonly initial: readonly State[];
  next(state: State): Iterable<Step<State>>;
  /** Returns what is wrong with a state, if anything; the search stops there. */
  wrong(state: State): string | undefined;
  /** Returns a string that only equal states share. */
  key(state: State): string;
}

export interface Exploration {
  readonly states: number;
  readonly steps: number;
  /** What went wrong, and a shortest trace to it. */
  readonly found?: { readonly what: string; readonly trace: readonly string[] };
}

/** More states than any of our models has; a larger model needs tighter bounds. */
const MOST_STATES = 500_000;

/** A state that was reached, and how. */
interface Reached<State> {
  /** Kept until the steps from here are tried. */
  state: State | undefined;
  /** Index of the state before it. */
  readonly from: number;
  readonly action: string;
}

/**
 * Searches all reachable states, breadth first. Its first result is a shortest counterexample.
 *
 * @throws RangeError if there are too many states to explore: a partial search proves nothing
 */
export function explore<State>({ initial, next, wrong, key }: Model<State>): Exploration {
  const seen = new Set<string>();
  const reached: Reached<State>[] = [];
  let steps = 0;

  const trace = (last: number): string[] => {
    const actions: string[] = [];
    for (let at = last; at >= 0; at = reached[at]?.from ?? -1) actions.unshift(reached[at]?.action ?? '');
    return actions;
  };

  function visit(state: State, from: number, action: string): string | undefined {
    const known = seen.size;
    if (seen.add(key(state)).size === known) return undefined;
    reached.push({ state, from, action });
    return wrong(state);
  }

  for (const state of initial) {
    const what = visit(state, -1, 'start');
    if (what !== undefined) return { states: seen.size, steps, found: { what, trace: trace(reached.length - 1) } };
  }
  for (let at = 0; at < reached.length; at++) {
    const from = reached[at] as Reached<State>;
    for (const { action, state } of next(from.state as State)) {
      steps += 1;
      const what = visit(state, at, action);
      if (what !== undefined) return { states: seen.size, steps, found: { what, trace: trace(reached.length - 1) } };
    }
    from.state = undefined;
    if (seen.size > MOST_STATES) throw new RangeError(`more than ${MOST_STATES} states`);
  }
  return { states: seen.size, steps };
}
