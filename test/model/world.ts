/** The world of the model: two nodes, one store, true time, and what has happened so far. */

/** No time; less than any other. */
export const NONE = -1;
/** The time of a clock that is wrong by years; true time does not reach it. */
export const FAR = 20;

/** The data of a store, which can be lost. */
export interface Memory {
  /** H. */
  floor: number;
  /** The recorded incarnation. */
  life: number;
  /** When each token was recorded, by the store's clock (0 if that has no effect); `NONE`: not recorded. */
  records: readonly number[];
}

/** Faults; faults.ts defines their effects. */
export type FaultName =
  | 'the store is flushed'
  | 'the store restarts with everything it had'
  | 'the store restarts with what was on its disk'
  | 'the store restarts empty'
  | 'the replica becomes master'
  | 'the machine crashes and keeps what was on its disk'
  | 'the machine crashes and its store is empty'
  | 'node 0 restarts';

/** A request in a node; time may pass between any two of its steps. */
export interface Request {
  readonly node: number;
  readonly token: number;
  /** Time by the node's clock at the time check; kept until the claim. */
  readonly now: number;
  readonly phase: 'checked' | 'read' | 'claimed';
  /** What a claim in two steps has read: H, and whether the nonce was unused. */
  readonly read?: { readonly floor: number; readonly unused: boolean };
  /** Whether this is a second claim that the rule cannot exclude. */
  readonly excused?: boolean;
}

/** A node that is closed (rule 9): since when, by true time and by its clock, and for which H. */
export interface Closing {
  readonly began: number;
  readonly wall: number;
  readonly floor: number;
}

/** Lists are replaced, never changed: most states share them with the state before. */
export interface State {
  /** True time, which is also the monotonic time of all nodes. */
  time: number;
  /** Error that all clocks share, including that of a store on a separate machine; and the further error of each node's clock. */
  wrong: number;
  clocks: readonly number[];
  memory: Memory;
  /** The data of the replica, and on the disk. */
  replica: Readonly<Memory>;
  disk: Readonly<Memory>;
  /** Ids of the run of the server, of the run of its replica, and of the replication; and the next free id. */
  run: number;
  replicaRun: number;
  replication: number;
  nextId: number;
  requests: readonly Request[];
  /** For each node, the time up to which it has begun to forget, or `NONE`. */
  forgetting: readonly number[];
  /** For each node, how it is closed, if it is. */
  closings: readonly (Closing | null)[];
  /** For each token, how often it may still be sent. */
  uses: readonly number[];
  /** For each token, whether it was claimed before: at its time, or at another because a clock was wrong. */
  claimed: readonly ('' | 'in time' | 'out of time')[];
  /** For each token, how often it was accepted, except for excused claims. */
  accepted: readonly number[];
  /** For each token, whether it may be accepted once more after the last loss. */
  remains: readonly boolean[];
  /** Whether H has fallen. */
  fallen: boolean;
  faults: number;
}

/** A scenario in which a rule is explored. */
export interface Scenario {
  /** Whether everything is on one machine with one clock, so that the store has no other. */
  readonly local: boolean;
  /** Initial error of each node's clock. */
  readonly nodes: readonly number[];
  /** Claimed times of the tokens; each list is explored separately. */
  readonly tokens: readonly (readonly number[])[];
  /** Maximum number of times that each token is sent. */
  readonly uses: number;
  /** True time ends here. */
  readonly end: number;
  readonly faults: readonly FaultName[];
  /** Maximum number of faults in one history. */
  readonly mostFaults: number;
  /** Errors that clocks may step to. */
  readonly clocks: readonly number[];
  /** Errors that the clocks of all machines may step to together. */
  readonly allClocks?: readonly number[];
  /** Whether second claims that the rule cannot exclude count as errors. */
  readonly strict?: boolean;
}

/** Makes the first state; a store that is new and empty has no floor. */
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

/** Copies a state, so that it can be changed. */
export function copy(state: State): State {
  return { ...state, memory: { ...state.memory } };
}

export function nodesOf(state: State): number[] {
  return [...state.clocks.keys()];
}

/** Returns the time by the clock of a store on a separate machine. */
export function clockOfStore(state: State): number {
  return state.time + state.wrong;
}

/** Returns the time by a node's clock. */
export function clockOf(state: State, node: number): number {
  return state.time + state.wrong + (state.clocks[node] as number);
}
