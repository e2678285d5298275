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
}

export interface Exploration {
  readonly states: number;
  readonly steps: number;
  /** What went wrong, and a shortest trace to it. */
  readonly found?: { readonly what: string; readonly trace: readonly string[] };
}

/** More states than any of our models has; a larger model needs tighter bounds. */
const MOST_STATES = 500_000;

/**
 * Searches all reachable states, breadth first. Its first result is a shortest counterexample.
 *
 * @throws RangeError if there are too many states to explore: a partial search proves nothing
 */
export function explore<State>({ initial, next, wrong }: Model<State>): Exploration {
  const seen = new Set<string>();
  const queue: { readonly state: State; readonly from: number; readonly action: string }[] = [];
  let steps = 0;

  const trace = (last: number): string[] => {
    const actions: string[] = [];
    for (let at = last; at >= 0; at = queue[at]?.from ?? -1) actions.unshift(queue[at]?.action ?? '');
    return actions;
  };

  function visit(state: State, from: number, action: string): string | undefined {
    const key = JSON.stringify(state);
    if (seen.has(key)) return undefined;
    seen.add(key);
    queue.push({ state, from, action });
    return wrong(state);
  }

  for (const state of initial) {
    const what = visit(state, -1, 'start');
    if (what !== undefined) return { states: seen.size, steps, found: { what, trace: trace(queue.length - 1) } };
  }
  for (let at = 0; at < queue.length; at++) {
    for (const { action, state } of next((queue[at] as { state: State }).state)) {
      steps += 1;
      const what = visit(state, at, action);
      if (what !== undefined) return { states: seen.size, steps, found: { what, trace: trace(queue.length - 1) } };
    }
    if (seen.size > MOST_STATES) throw new RangeError(`more than ${MOST_STATES} states`);
  }
  return { states: seen.size, steps };
}
