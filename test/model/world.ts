/** The state of the model: two nodes, one store, true time, and the history. */

/** Sentinel for "no time"; it is less than every real time. */
export const NONE = -1;
/** The time of a clock that is wrong by years; true time never reaches it. */
export const FAR = 20;

/** The data of a store, which faults can lose. */
export interface Memory {
  /** H. */
  floor: number;
  /** The recorded incarnation. */
  life: number;
  /** The store's time when each token was recorded (0 if the time has no effect), or `NONE` if it was not recorded. */
  records: readonly number[];
}

/** Faults; faults.ts defines their effects. */
export type FaultName =
  | 'the store is flushed'
  | 'the store restarts with all its data'
  | 'the store restarts with the data on its disk'
  | 'the store restarts empty'
  | 'the replica becomes master'
  | 'the machine crashes and keeps the data on its disk'
  | 'the machine crashes and its store is empty'
  | 'node 0 restarts';

/** A request that a node is handling. Time can pass between any two of its steps. */
export interface Request {
  readonly node: number;
  readonly token: number;
  /** The node's time when it checked the token's time; the claim uses it too. */
  readonly now: number;
  readonly phase: 'checked' | 'read' | 'claimed';
  /** The results of the first step of a two-step claim: H, and whether the nonce was unused. */
  readonly read?: { readonly floor: number; readonly unused: boolean };
  /** Whether this is a second claim that no rule can exclude. */
  readonly excused?: boolean;
}

/** The reason why a node is closed (rule 9): the true time and its own time when it closed, and the impossible H. */
export interface Closing {
  readonly began: number;
  readonly wall: number;
  readonly floor: number;
}

/** Lists are replaced and never changed, because most states share them with the previous state. */
export interface State {
  /** True time, which is also the monotonic time of all nodes. */
  time: number;
  /** The error that all clocks share, including a store's clock on a separate machine; `clocks` has each node's additional error. */
  wrong: number;
  clocks: readonly number[];
  memory: Memory;
  /** The data on the replica and on the disk. */
  replica: Readonly<Memory>;
  disk: Readonly<Memory>;
  /** The run id of the server, the run id of its replica, the replication id, and the next free id. */
  run: number;
  replicaRun: number;
  replication: number;
  nextId: number;
  requests: readonly Request[];
  /** For each node, the time up to which it has begun to forget, or `NONE`. */
  forgetting: readonly number[];
  /** For each node, the reason why it is closed, or null if it is open. */
  closings: readonly (Closing | null)[];
  /** For each token, the number of times that it can still be sent. */
  uses: readonly number[];
  /** For each token, whether it was claimed, and whether true time was then within its window. */
  claimed: readonly ('' | 'in time' | 'out of time')[];
  /** For each token, the number of times that it was accepted, not counting excused claims. */
  accepted: readonly number[];
  /** For each token, whether no rule can exclude a second use after the last loss. */
  remains: readonly boolean[];
  /** Whether H has fallen. */
  fallen: boolean;
  faults: number;
}

/** A scenario in which a rule is explored. */
export interface Scenario {
  /** Whether the nodes and the store are on one machine with one clock. */
  readonly local: boolean;
  /** Initial error of each node's clock. */
  readonly nodes: readonly number[];
  /** Claimed times of the tokens; each list is explored separately. */
  readonly tokens: readonly (readonly number[])[];
  /** Maximum number of times that each token is sent. */
  readonly uses: number;
  /** The true time at which the exploration ends. */
  readonly end: number;
  readonly faults: readonly FaultName[];
  /** Maximum number of faults in one history. */
  readonly mostFaults: number;
  /** Errors that a clock can step to. */
  readonly clocks: readonly number[];
  /** Errors that the clocks of all machines can step to together. */
  readonly allClocks?: readonly number[];
  /** Whether second claims that no rule can exclude count as errors too. */
  readonly strict?: boolean;
}

/** Makes the first state; a new, empty store has no floor. */
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

/** Copies a state so that the copy can be changed. */
export function copy(state: State): State {
  return { ...state, memory: { ...state.memory } };
}

export function nodesOf(state: State): number[] {
  return [...state.clocks.keys()];
}

/** Returns the time of the clock of a store on a separate machine. */
export function clockOfStore(state: State): number {
  return state.time + state.wrong;
}

/** Returns the time of a node's clock. */
export function clockOf(state: State, node: number): number {
  return state.time + state.wrong + (state.clocks[node] as number);
}
