/** What can go wrong (spec/PROTOCOL.md §4.3): each fault is a step that costs one of a history's faults. */
import type { Step } from './checker.ts';
import { remainsAfter } from './floor.ts';
import type { Setting } from './requests.ts';
import { copy, copyMemory, type FaultName, type Memory, NONE, nodesOf, type Scenario, type State } from './world.ts';

/** Changes a state of its own. */
type Fault = (next: State, setting: Setting) => void;

const emptied = (memory: Memory): Memory => ({ floor: NONE, life: NONE, records: memory.records.map(() => NONE) });

function lose(next: State, { rule, local, times }: Setting, memory: Memory): void {
  next.memory = copyMemory(memory);
  next.remains = times.map((time, token) => next.claimed[token] !== '' && remainsAfter(rule, local, next.time, time));
  // A statement that was under way is taken back with its connection.
  next.requests = next.requests.filter(({ phase }) => phase !== 'read');
  next.forgetting = nodesOf(next).map(() => NONE);
}

function restart(next: State, setting: Setting, memory: Memory): void {
  lose(next, setting, memory);
  next.run = next.nextId++;
}

/** A machine takes its processes, and their requests, with it. */
function crash(next: State, setting: Setting, memory: Memory): void {
  restart(next, setting, memory);
  next.requests = [];
  next.closings = nodesOf(next).map(() => null);
}

const FAULTS = {
  'the store is flushed': (next, setting) => lose(next, setting, emptied(next.memory)),
  'the store restarts with everything it had': (next, setting) => restart(next, setting, next.memory),
  'the store restarts with what was on its disk': (next, setting) => restart(next, setting, next.disk),
  'the store restarts empty': (next, setting) => restart(next, setting, emptied(next.memory)),
  'the replica becomes master': (next, setting) => {
    lose(next, setting, next.replica);
    // The old master keeps running, and copies what the new one has.
    next.replica = copyMemory(next.memory);
    [next.run, next.replicaRun] = [next.replicaRun, next.run];
    next.replication = next.nextId++;
  },
  'the machine crashes and keeps what was on its disk': (next, setting) => crash(next, setting, next.disk),
  'the machine crashes and its store is empty': (next, setting) => crash(next, setting, emptied(next.memory)),
  'node 0 restarts': (next) => {
    next.requests = next.requests.filter(({ node }) => node !== 0);
    next.closings[0] = null;
    next.forgetting[0] = NONE;
  },
} as const satisfies Readonly<Record<FaultName, Fault>>;

/** After the last fault nobody reads the copies any more: states that differ in nothing else are one. */
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
      if (scenario.local) next.clocks = next.clocks.map(() => offset);
      else next.clocks[node] = offset;
      forgetCopies(next);
      const whose = scenario.local ? 'the clock' : `the clock of node ${node}`;
      yield { action: `! ${whose} steps to ${next.time + offset}`, state: next };
    }
  }
}

/** What happens by itself: the disk and the replica get what the store has. */
export function* keepUp({ faults }: Scenario, state: State): Iterable<Step<State>> {
  if (state.faults === 0) return;
  const { memory } = state;
  for (const where of ['disk', 'replica'] as const) {
    if (!faults.some((name) => name.includes(where))) continue;
    if (JSON.stringify(state[where]) === JSON.stringify(memory)) continue;
    const next = copy(state);
    next[where] = copyMemory(memory);
    yield { action: `the ${where} has it all`, state: next };
  }
}
