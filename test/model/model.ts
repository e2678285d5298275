/** Explores all possible steps of two nodes and a store that follow a rule, and finds errors. */
import { type Exploration, explore, type Step } from './checker.ts';
import { fail, keepUp } from './faults.ts';
import { admits, isLocked, lockOut } from './floor.ts';
import { forget } from './forgetting.ts';
import { keyOf, lockOutKeyOf } from './key.ts';
import { begin, proceed, type Setting } from './requests.ts';
import type { Rule } from './rule.ts';
import { clockOf, copy, nodesOf, type Scenario, type State, start } from './world.ts';

function* tick({ end }: Scenario, state: State): Iterable<Step<State>> {
  if (state.time < end) yield { action: 'a tick', state: { ...state, time: state.time + 1 } };
}

/** A node checks the store, as it does on open, on reconnect and once a second; the effects are the same as in a claim. */
function* visit({ rule, local }: Setting, state: State): Iterable<Step<State>> {
  if (isLocked(rule, state)) return;
  for (const node of nodesOf(state)) {
    const next = copy(state);
    admits(rule, local, next, node, clockOf(state, node));
    const changed = next.memory.floor !== state.memory.floor || next.memory.life !== state.memory.life;
    if (changed || next.closings !== state.closings)
      yield { action: `node ${node} checks the store: H = ${next.memory.floor}`, state: next };
  }
}

/** Returns whether any token can still be accepted twice; if not, the search need not continue. */
function isOpen({ uses, accepted, requests }: State): boolean {
  return uses.some((left, token) => {
    const underWay = requests.filter((request) => request.token === token).length;
    return left + (accepted[token] as number) + underWay > 1;
  });
}

export interface Checked extends Exploration {
  /** The longest lock-out from any reachable state, in ticks. */
  readonly longestLockOut: number;
}

/**
 * Explores a rule in a scenario.
 *
 * @param mostLockOut - the longest allowed lock-out after the faults, in ticks
 */
export function check(rule: Rule, scenario: Scenario, mostLockOut: number): Checked {
  const { local, strict = false } = scenario;
  const lockOuts = new Map<string, number>();
  let [states, steps, longestLockOut] = [0, 0, 0];

  function lockOutOf(state: State): number {
    const key = lockOutKeyOf(state);
    const known = lockOuts.get(key) ?? lockOut(rule, local, state, mostLockOut);
    lockOuts.set(key, known);
    longestLockOut = Math.max(longestLockOut, known);
    return known;
  }

  for (const times of scenario.tokens) {
    const setting: Setting = { rule, local, times, strict };
    const explored = explore<State>({
      initial: [start(scenario, times)],
      key: keyOf,
      *next(state) {
        if (!isOpen(state)) return;
        yield* proceed(setting, state);
        yield* begin(setting, state);
        yield* forget(setting, state);
        yield* visit(setting, state);
        yield* keepUp(scenario, state);
        yield* fail(setting, scenario, state);
        yield* tick(scenario, state);
      },
      wrong(state) {
        const twice = state.accepted.findIndex((accepted) => accepted > 1);
        if (twice >= 0) return `the token dated ${times[twice]} is accepted twice`;
        return lockOutOf(state) > mostLockOut ? `a lock-out of more than ${mostLockOut} ticks` : undefined;
      },
    });
    states += explored.states;
    steps += explored.steps;
    if (explored.found !== undefined) return { states, steps, longestLockOut, found: explored.found };
  }
  return { states, steps, longestLockOut };
}
