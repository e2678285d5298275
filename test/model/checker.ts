/** Explicit-state model checking: visits every reachable state once, in order of distance from the start. */

/** One possible action and the state after it. */
export interface Step<State> {
  readonly action: string;
  readonly state: State;
}

export interface Model<State> {
  readonly initial: readonly State[];
  next(state: State): Iterable<Step<State>>;
  /** Returns the error in a state, if there is one; the search then stops. */
  wrong(state: State): string | undefined;
  /** Returns a string that is the same only for equal states. */
  key(state: State): string;
}

export interface Exploration {
  readonly states: number;
  readonly steps: number;
  /** The error and a shortest trace to it. */
  readonly found?: { readonly what: string; readonly trace: readonly string[] };
}

/** The maximum number of states. No model here has that many states; a larger model would need tighter bounds. */
const MOST_STATES = 500_000;

/** A reached state, and the action before it. */
interface Reached<State> {
  /** The state, until all its steps are explored. */
  state: State | undefined;
  /** The index of the state before it. */
  readonly from: number;
  readonly action: string;
}

/**
 * Searches all reachable states breadth-first, so the first error has a shortest trace.
 *
 * @throws RangeError if there are too many states, because a partial search proves nothing
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
