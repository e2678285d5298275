/** The steps of a request: step 5 (time) and step 7 (claim, and the clock again) of spec/PROTOCOL.md §2. */
import type { Step } from './checker.ts';
import { admits, isAboveFloor, isLocked } from './floor.ts';
import { type Rule, SKEW, T } from './rule.ts';
import { clockOf, copy, NONE, nodesOf, type Request, type State } from './world.ts';

/** The maximum number of requests in flight: two are enough for a token to be accepted twice. */
const AT_ONCE = 2;

/** The rule and the constants of a search. */
export interface Setting {
  readonly rule: Rule;
  readonly local: boolean;
  /** Claimed times of the tokens. */
  readonly times: readonly number[];
  readonly strict: boolean;
}

const inWindow = (time: number, now: number) => Math.abs(time - now) <= T;
const nameOf = (setting: Setting, token: number) => `the token dated ${setting.times[token]}`;

/** Returns the steps in which a node finds that a token is fresh. */
export function* begin(setting: Setting, state: State): Iterable<Step<State>> {
  if (state.requests.length === AT_ONCE) return;
  for (const node of nodesOf(state)) {
    const now = clockOf(state, node);
    for (const [token, time] of setting.times.entries()) {
      if ((state.uses[token] as number) === 0 || !inWindow(time, now)) continue;
      const next = copy(state);
      next.uses = next.uses.with(token, (next.uses[token] as number) - 1);
      put(next, { node, token, now, phase: 'checked' });
      yield { action: `node ${node}, at ${now}, finds ${nameOf(setting, token)} fresh`, state: next };
    }
  }
}

/** Returns the steps in which a request in flight proceeds. */
export function* proceed(setting: Setting, state: State): Iterable<Step<State>> {
  for (const [at, request] of state.requests.entries()) {
    const next = copy(state);
    next.requests = next.requests.toSpliced(at, 1);
    const done = STEPS[request.phase](setting, next, request, state);
    if (done === undefined) continue;
    yield { action: `node ${request.node} ${done} ${nameOf(setting, request.token)}`, state: next };
  }
}

/** Takes the next step of a request; `undefined` if it waits for a lock. */
type Proceed = (setting: Setting, next: State, request: Request, state: State) => string | undefined;

const STEPS: Readonly<Record<Request['phase'], Proceed>> = {
  checked(setting, next, request, state) {
    const { rule, local, times } = setting;
    if (!admits(rule, local, next, request.node, request.now)) return 'is unavailable for';
    const moved = next.memory.floor !== state.memory.floor;
    if (moved && isLocked(rule, state)) return undefined;
    const { floor } = next.memory;
    if (!isAboveFloor(rule, times[request.token] as number, floor)) return 'has a floor that refuses';
    if (rule.claim === 'one step') return record(setting, next, request);
    put(next, { ...request, now: NONE, phase: 'read', read: { floor, unused: isUnused(setting, next, request) } });
    return rule.claim === 'statement' ? 'reads the floor for' : 'looks for a record of';
  },
  read(setting, next, request) {
    if (setting.rule.claim === 'statement') return record(setting, next, request);
    if (request.read?.unused !== true) return 'has a record of';
    return write(setting, next, request);
  },
  claimed(setting, next, { node, token, excused }) {
    const time = setting.times[token] as number;
    if (setting.rule.readsAgain && !inWindow(time, clockOf(next, node))) return 'finds that it is too late for';
    if (!excused) next.accepted = next.accepted.with(token, (next.accepted[token] as number) + 1);
    return 'ACCEPTS';
  },
};

function record(setting: Setting, next: State, request: Request): string {
  return isUnused(setting, next, request) ? write(setting, next, request) : 'has a record of';
}

/** Records a token. Drops data that no later step reads, which merges states that differ only there. */
function write(setting: Setting, next: State, request: Request): string {
  const at = setting.rule.lifetime === undefined ? 0 : next.time;
  next.memory.records = next.memory.records.with(request.token, at);
  const time = setting.times[request.token] as number;
  const before = next.claimed[request.token];
  const excused = before !== '' && isExcused(setting, next, request.token);
  if (before === '')
    next.claimed = next.claimed.with(request.token, isTrueTime(time, next.time) ? 'in time' : 'out of time');
  put(next, { node: request.node, token: request.token, now: NONE, phase: 'claimed', excused });
  return 'records';
}

function isUnused({ rule }: Setting, { memory, time }: State, { token }: Request): boolean {
  const recorded = memory.records[token] as number;
  return recorded === NONE || (rule.lifetime !== undefined && time >= recorded + rule.lifetime);
}

/** Adds a request. The requests are sorted, because their order does not matter. */
function put(state: State, request: Request): void {
  const order = (one: Request) => JSON.stringify(one);
  state.requests = [...state.requests, request].sort((one, other) => (order(one) < order(other) ? -1 : 1));
}

/** Returns whether a token is fresh for at least one correct clock. */
function isTrueTime(time: number, now: number): boolean {
  return Math.abs(time - now) <= T + SKEW;
}

/** Returns whether no rule can exclude this second claim. */
function isExcused({ times, strict }: Setting, { claimed, remains, fallen, time }: State, token: number): boolean {
  if (strict) return false;
  // If H has fallen, a token that was dated by a wrong clock, used and forgotten is fresh again when true time reaches its date.
  const isFreshAgain = claimed[token] === 'out of time' && isTrueTime(times[token] as number, time);
  return remains[token] === true || (fallen && isFreshAgain);
}
