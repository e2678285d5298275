/** Faults (spec/PROTOCOL.md §4.3): each fault is a step, and the number of faults in a history is limited. */
import type { Step } from './checker.ts';
import { remainsAfter } from './floor.ts';
import type { Setting } from './requests.ts';
import { copy, type FaultName, type Memory, NONE, nodesOf, type Scenario, type State } from './world.ts';

/** Changes a copy of a state. */
type Fault = (next: State, setting: Setting) => void;

const emptied = (memory: Readonly<Memory>): Memory => ({
  floor: NONE,
  life: NONE,
  records: memory.records.map(() => NONE),
});

function lose(next: State, { rule, local, times }: Setting, memory: Readonly<Memory>): void {
  next.memory = { ...memory };
  next.remains = times.map((time, token) => next.claimed[token] !== '' && remainsAfter(rule, local, next.time, time));
  // A statement in flight is rolled back with its connection.
  next.requests = next.requests.filter(({ phase }) => phase !== 'read');
  next.forgetting = nodesOf(next).map(() => NONE);
}

function restart(next: State, setting: Setting, memory: Readonly<Memory>): void {
  lose(next, setting, memory);
  next.run = next.nextId++;
}

/** When a machine crashes, its processes and their requests end. */
function crash(next: State, setting: Setting, memory: Readonly<Memory>): void {
  restart(next, setting, memory);
  next.requests = [];
  next.closings = nodesOf(next).map(() => null);
}

const FAULTS = {
  'the store is flushed': (next, setting) => lose(next, setting, emptied(next.memory)),
  'the store restarts with all its data': (next, setting) => restart(next, setting, next.memory),
  'the store restarts with the data on its disk': (next, setting) => restart(next, setting, next.disk),
  'the store restarts empty': (next, setting) => restart(next, setting, emptied(next.memory)),
  'the replica becomes master': (next, setting) => {
    lose(next, setting, next.replica);
    // The old master keeps running as a replica of the new one.
    next.replica = { ...next.memory };
    [next.run, next.replicaRun] = [next.replicaRun, next.run];
    next.replication = next.nextId++;
  },
  'the machine crashes and keeps the data on its disk': (next, setting) => crash(next, setting, next.disk),
  'the machine crashes and its store is empty': (next, setting) => crash(next, setting, emptied(next.memory)),
  'node 0 restarts': (next) => {
    next.requests = next.requests.filter(({ node }) => node !== 0);
    next.closings = next.closings.with(0, null);
    next.forgetting = next.forgetting.with(0, NONE);
  },
} as const satisfies Readonly<Record<FaultName, Fault>>;

/** Empties the replica and the disk after the last fault, when no further step reads them. This merges states that differ only there. */
function forgetCopies(next: State): void {
  if (next.faults > 0) return;
  next.replica = emptied(next.replica);
  next.disk = emptied(next.disk);
}

export function* fail(setting: Setting, scenario: Scenario, state: State): Iterable<Step<State>> {
  if (state.faults === 0) return;
  for (const name of scenario.faults) {
    const next = copy(state);
    next.faults -= 1;
    FAULTS[name](next, setting);
    forgetCopies(next);
    yield { action: `! ${name}`, state: next };
  }
  for (const wrong of scenario.allClocks ?? []) {
    if (state.wrong === wrong) continue;
    const next = { ...copy(state), wrong, faults: state.faults - 1 };
    forgetCopies(next);
    yield { action: `! all clocks step by ${wrong - state.wrong}`, state: next };
  }
  for (const offset of scenario.clocks) {
    for (const node of scenario.local ? [0] : nodesOf(state)) {
      if (state.clocks[node] === offset) continue;
      const next = copy(state);
      next.faults -= 1;
      next.clocks = scenario.local ? next.clocks.map(() => offset) : next.clocks.with(node, offset);
      forgetCopies(next);
      const whose = scenario.local ? 'the clock' : `the clock of node ${node}`;
      yield { action: `! ${whose} steps to ${next.time + offset}`, state: next };
    }
  }
}

/** Steps that can happen at any time: the disk or the replica catches up with the store. */
export function* keepUp({ faults }: Scenario, state: State): Iterable<Step<State>> {
  if (state.faults === 0) return;
  const { memory } = state;
  for (const where of ['disk', 'replica'] as const) {
    if (!faults.some((name) => name.includes(where))) continue;
    if (isSame(state[where], memory)) continue;
    const next = copy(state);
    next[where] = { ...memory };
    yield { action: `the ${where} catches up`, state: next };
  }
}

function isSame(one: Readonly<Memory>, other: Readonly<Memory>): boolean {
  if (one.floor !== other.floor || one.life !== other.life) return false;
  return one.records === other.records || one.records.every((at, token) => at === other.records[token]);
}
