/** H rises and records are deleted (spec/PROTOCOL.md §4.2, rules 6 and 8), in the order of the rule or in another order. */
import type { Step } from './checker.ts';
import { isLocked } from './floor.ts';
import type { Setting } from './requests.ts';
import { M, type Rule, T } from './rule.ts';
import { clockOf, clockOfStore, copy, NONE, nodesOf, type State } from './world.ts';

/** A step that forgets everything before a time, in a copy of the state; `undefined` if it must wait. */
type Forget = (setting: Setting, next: State, before: number) => string | undefined;

/** The two steps of forgetting. */
const ORDERS: Readonly<Record<Rule['forgetting'], { readonly first: Forget; readonly later: Forget }>> = {
  'floor first': { first: raise, later: remove },
  'floor last': { first: remove, later: raise },
  'in one transaction': {
    first(setting, next, before) {
      const raised = raise(setting, next, before);
      if (raised === undefined) return undefined;
      remove(setting, next, before);
      return 'raises the floor and deletes, in one transaction,';
    },
    later: () => 'has forgotten',
  },
};

export function* forget(setting: Setting, state: State): Iterable<Step<State>> {
  const { rule, times } = setting;
  if (rule.lifetime !== undefined) return;
  for (const node of nodesOf(state)) {
    const begun = state.forgetting[node] as number;
    const { first, later } = ORDERS[rule.forgetting];
    // Only tokens dated before the earlier clock − T − M are forgotten.
    const clock = clockOf(state, node);
    const before = begun === NONE ? (setting.local ? clock : Math.min(clock, clockOfStore(state))) - T - M : begun;
    if (begun === NONE && !state.memory.records.some((at, token) => at !== NONE && (times[token] as number) < before))
      continue;
    const next = copy(state);
    const now = begun === NONE && rule.forgetting !== 'in one transaction' ? before : NONE;
    next.forgetting = next.forgetting.with(node, now);
    const done = (begun === NONE ? first : later)(setting, next, before);
    if (done !== undefined) yield { action: `node ${node} ${done} everything before ${before}`, state: next };
  }
}

/** Raises H to the latest time that is about to be forgotten, not to the clock. */
function raise({ rule, times }: Setting, next: State, before: number): string | undefined {
  if (isLocked(rule, next)) return undefined;
  const old = times.filter((time) => time < before);
  next.memory.floor = Math.max(next.memory.floor, ...old);
  return rule.floor === 'none' ? 'is about to delete' : 'raises the floor past';
}

function remove({ rule, times }: Setting, next: State, before: number): string | undefined {
  const { memory } = next;
  const early = next.requests.some(({ read }) => read !== undefined && read.floor < memory.floor);
  if (rule.wait && early) return undefined;
  memory.records = memory.records.map((at, token) => ((times[token] as number) < before ? NONE : at));
  return 'deletes';
}
