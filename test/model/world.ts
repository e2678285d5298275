/** The world that the rule is tried in: two nodes, one store, true time, and what has happened so far. */

/** No time: before all others. */
export const NONE = -1;
/** A clock that is wrong by years; true time does not come so far. */
export const FAR = 20;

/** What can be lost. */
export interface Memory {
  /** H. */
  floor: number;
  /** The recorded incarnation. */
  life: number;
  /** For each token when it was recorded, by the store's clock (0 where that decides about nothing); `NONE`: not recorded. */
  records: number[];
}

/** What can go wrong; faults.ts says what each of them changes. */
export type FaultName =
  | 'the store is flushed'
  | 'the store restarts with everything it had'
  | 'the store restarts with what was on its disk'
  | 'the store restarts empty'
  | 'the replica becomes master'
  | 'the machine crashes and keeps what was on its disk'
  | 'the machine crashes and its store is empty'
  | 'node 0 restarts';

/** A request on its way through a node; time may pass between any two of its steps. */
export interface Request {
  readonly node: number;
  readonly token: number;
  /** What the node's clock said at the time check, until the claim. */
  readonly now: number;
  readonly phase: 'checked' | 'read' | 'claimed';
  /** What a claim of two steps has read: H, and whether the nonce was unused. */
  readonly read?: { readonly floor: number; readonly unused: boolean };
  /** Whether the rule says that it could not exclude this second claim. */
  readonly excused?: boolean;
}

/** Since when a node keeps closed (rule 9), by true time and by its clock, and for which H. */
export interface Closing {
  readonly began: number;
  readonly wall: number;
  readonly floor: number;
}

export interface State {
  /** True time, which is also the monotonic time of all. */
  time: number;
  /** How far all clocks are from it, that of a store on a machine of its own included; and each node's beyond that. */
  wrong: number;
  clocks: number[];
  memory: Memory;
  /** What the replica has; what the disk has. */
  replica: Memory;
  disk: Memory;
  /** Ids of the server's run, of its replica's, of the replication; and the next that is free. */
  run: number;
  replicaRun: number;
  replication: number;
  nextId: number;
  requests: Request[];
  /** Forgetting that each node has begun: a time, or `NONE`. */
  forgetting: number[];
  /** Each node's, while it keeps closed. */
  closings: (Closing | null)[];
  /** For each token how often it may still be sent. */
  uses: number[];
  /** For each token whether it was claimed before: at its time, or at another, as a clock was wrong. */
  claimed: ('' | 'in time' | 'out of time')[];
  /** And how often it was accepted, but for excused claims. */
  accepted: number[];
  /** For each token whether it is one that the last loss may let in once more. */
  remains: boolean[];
  /** Whether H has fallen. */
  fallen: boolean;
  faults: number;
}

/** Where and with what the rule is tried. */
export interface Scenario {
  /** Whether the store has no clock of its own, as all is on one machine with one clock. */
  readonly local: boolean;
  /** How far each node's clock is from true time, to begin with. */
  readonly nodes: readonly number[];
  /** Claimed times of the tokens; each list is an exploration of its own. */
  readonly tokens: readonly (readonly number[])[];
  /** How often each token is sent, at most. */
  readonly uses: number;
  /** True time ends here. */
  readonly end: number;
  readonly faults: readonly FaultName[];
  /** How many faults there are, at most, in one history. */
  readonly mostFaults: number;
  /** What clocks may step to, from true time. */
  readonly clocks: readonly number[];
  /** The same, for all of several machines at once. */
  readonly allClocks?: readonly number[];
  /** Whether what the rule says that it cannot exclude counts as wrong. */
  readonly strict?: boolean;
}

/** A store that is new and empty by construction has no floor. */
export function start({ nodes, uses, mostFaults }: Scenario, tokens: readonly number[]): State {
  const memory = (): Memory => ({ floor: NONE, life: 0, records: tokens.map(() => NONE) });
  return {
    time: 0,
    wrong: 0,
    clocks: [...nodes],
    memory: memory(),
    replica: memory(),
    disk: memory(),
    run: 0,
    replicaRun: 1,
    replication: 0,
    nextId: 2,
    requests: [],
    forgetting: nodes.map(() => NONE),
    closings: nodes.map(() => null),
    uses: tokens.map(() => uses),
    claimed: tokens.map(() => '' as const),
    accepted: tokens.map(() => 0),
    remains: tokens.map(() => false),
    fallen: false,
    faults: mostFaults,
  };
}

export function copyMemory(memory: Memory): Memory {
  return { ...memory, records: [...memory.records] };
}

/** A state of its own, to be changed. */
export function copy(state: State): State {
  return {
    ...state,
    clocks: [...state.clocks],
    memory: copyMemory(state.memory),
    replica: copyMemory(state.replica),
    disk: copyMemory(state.disk),
    requests: [...state.requests],
    forgetting: [...state.forgetting],
    closings: [...state.closings],
    uses: [...state.uses],
    claimed: [...state.claimed],
    accepted: [...state.accepted],
    remains: [...state.remains],
  };
}

export function nodesOf(state: State): number[] {
  return [...state.clocks.keys()];
}

/** What the clock of a store on a machine of its own says. */
export function clockOfStore(state: State): number {
  return state.time + state.wrong;
}

/** What a node's clock says. */
export function clockOf(state: State, node: number): number {
  return state.time + state.wrong + (state.clocks[node] as number);
}
