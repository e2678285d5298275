/** The floor H: it rises after a loss, falls if it is impossible, and refuses tokens (spec/PROTOCOL.md §4.2 and §4.3). */
import { M, type Rule, SECOND, SKEW, T } from './rule.ts';
import { type Closing, clockOf, clockOfStore, NONE, nodesOf, type State } from './world.ts';

/** The value of H after a loss, computed from the later of the two clocks that observe the loss. */
const AFTER_LOSS: Readonly<Record<Rule['loss'], (store: number, caller: number) => number>> = {
  'both clocks': (store, caller) => Math.max(store, caller),
  'caller’s clock': (_, caller) => caller,
  // No token can have a later time, even with the fastest client clock and the slowest server clock.
  quarantine: (store, caller) => Math.max(store, caller) + T + 2 * SKEW,
  'quarantine without skew': (store, caller) => Math.max(store, caller) + T,
  'below the second': (store, caller) => startOfSecond(Math.max(store, caller)) - 1,
};

function startOfSecond(time: number): number {
  return Math.floor(time / SECOND) * SECOND;
}

/** For each `afterLoss`, returns a time for a loss: tokens dated later than this time may be accepted once more. */
const REMAINS_AFTER: Readonly<Record<Rule['loss'], (lost: number) => number>> = {
  'both clocks': (lost) => lost,
  'caller’s clock': (lost) => lost,
  quarantine: () => Number.POSITIVE_INFINITY,
  'quarantine without skew': () => Number.POSITIVE_INFINITY,
  'below the second': (lost) => startOfSecond(lost) - 1,
};

/** @param lost - true time of the loss */
export function remainsAfter(rule: Rule, local: boolean, lost: number, time: number): boolean {
  // The slowest clock may have observed the loss.
  return time > REMAINS_AFTER[rule.loss](lost - (local ? 0 : SKEW));
}

const INCARNATION: Readonly<Record<Rule['incarnation'], (state: State) => number>> = {
  'run and replication id': ({ run, replication }) => run * 16 + replication,
  'run id': ({ run }) => run,
  none: ({ memory }) => memory.life,
};

/** Returns whether a statement has read the floor and holds its lock, so that the floor cannot change. */
export function isLocked(rule: Rule, state: State): boolean {
  return rule.lock && state.requests.some(({ phase }) => phase === 'read');
}

/**
 * Makes the checks before a claim, in the same atomic step: whether the clocks are close enough, whether the incarnation is the recorded
 * one (rule 12), and whether H is possible (rule 9). Changes the state.
 *
 * @param now - time of the caller's clock, read before any stall
 */
export function admits(rule: Rule, local: boolean, state: State, node: number, now: number): boolean {
  const store = local ? now : clockOfStore(state);
  if (Math.abs(now - store) > rule.gap) return false;
  const { memory } = state;
  const life = INCARNATION[rule.incarnation](state);
  if (memory.life !== life) {
    memory.floor = Math.max(memory.floor, AFTER_LOSS[rule.loss](store, now));
    memory.life = life;
  }
  return isPossible(rule, state, node, now);
}

/** Rule 9: a floor that no correct clock can have set closes the node for 2T + M, and then falls. */
function isPossible(rule: Rule, state: State, node: number, now: number): boolean {
  if (rule.floor === 'none') return true;
  const { floor } = state.memory;
  const impossible = floor > now + T + M;
  if (impossible && rule.fall === 'never') return false;
  if (impossible && rule.fall === 'at once') return fall(state, node, now);
  const closing = state.closings[node] ?? null;
  if (closing === null || !goesOn(rule, state, closing, now)) {
    close(state, node, impossible ? { began: state.time, wall: now, floor } : null);
    return !impossible;
  }
  if (floor > now) return state.time - closing.began >= 2 * T + M && fall(state, node, now);
  close(state, node, null);
  return true;
}

/** Returns whether a node is still closed for the same reason; only then does the time since it closed count. */
function goesOn({ fall }: Rule, { time, memory }: State, { began, wall, floor }: Closing, now: number): boolean {
  // If the wall clock stepped in the meantime, it may have been right for part of that time.
  if (Math.abs(now - wall - (time - began)) > M) return false;
  if (fall === 'after 2T + M, or once H is possible' && memory.floor <= now + T + M) return false;
  return floor === memory.floor;
}

function close(state: State, node: number, closing: Closing | null): void {
  if (state.closings[node] !== closing) state.closings = state.closings.with(node, closing);
}

function fall(state: State, node: number, now: number): true {
  close(state, node, null);
  state.memory.floor = now;
  state.fallen = true;
  return true;
}

const ABOVE: Readonly<Record<Rule['floor'], (time: number, floor: number) => boolean>> = {
  exact: (time, floor) => time > floor,
  'whole seconds': (time, floor) => floor === NONE || time > startOfSecond(floor),
  none: () => true,
};

/** Rule 7. */
export function isAboveFloor(rule: Rule, time: number, floor: number): boolean {
  return ABOVE[rule.floor](time, floor);
}

/**
 * Returns the number of ticks until both nodes accept honest new tokens, once faults have stopped and clocks are right.
 *
 * @param most - maximum number of ticks; a longer lock-out counts as endless
 */
export function lockOut(rule: Rule, local: boolean, reached: State, most: number): number {
  const state = {
    ...reached,
    memory: { ...reached.memory },
    wrong: 0,
    requests: [],
    clocks: reached.clocks.map((offset) => (Math.abs(offset) > SKEW || local ? 0 : offset)),
  };
  for (let ticks = 0; ticks <= most; ticks++, state.time++) {
    const accepted = nodesOf(state).map((node) => {
      return (
        admits(rule, local, state, node, clockOf(state, node)) && isAboveFloor(rule, state.time, state.memory.floor)
      );
    });
    if (accepted.every(Boolean)) return ticks;
  }
  return Number.POSITIVE_INFINITY;
}
