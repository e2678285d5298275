/** Scenarios limit times and faults; the search explores everything within these limits. */
import { SKEW, T } from './rule.ts';
import { FAR, type Scenario } from './world.ts';

/** The time of a token that the node with the fast clock accepts at the start. */
const EARLY = T + SKEW;

const SERVERS: Scenario = {
  local: false,
  nodes: [-SKEW, SKEW],
  tokens: [[EARLY]],
  uses: 2,
  end: 10,
  faults: [],
  mostFaults: 0,
  clocks: [],
};
/** The time of the last possible use of a token; no fault needs more time. */
const LAST_USE = EARLY + T + SKEW + 1;
/** The processes of one machine share a clock, so one node is enough unless nodes close at different times. */
const MACHINE: Scenario = { ...SERVERS, local: true, nodes: [0], end: LAST_USE };

const WRONG_BY_YEARS: Scenario = {
  ...MACHINE,
  tokens: [[EARLY], [FAR - T]],
  end: 11,
  clocks: [0, FAR],
  mostFaults: 2,
};
const LOSS: Scenario = {
  ...SERVERS,
  end: LAST_USE,
  faults: [
    'the store is flushed',
    'the store restarts with all its data',
    'the store restarts with the data on its disk',
  ],
  mostFaults: 2,
};
const CRASH: Scenario = {
  ...MACHINE,
  faults: ['the machine crashes and keeps the data on its disk'],
  mostFaults: 2,
};
const PROCESS: Scenario = {
  ...MACHINE,
  // One token in each half of a second.
  tokens: [[EARLY], [EARLY + 1]],
  faults: ['the machine crashes and its store is empty'],
  mostFaults: 2,
};

export const SCENARIOS = {
  /** Two machines whose clocks are s behind and s ahead; requests stall, and records are deleted. */
  'skewed clocks': SERVERS,
  'skewed clocks, two tokens': { ...SERVERS, tokens: [[EARLY, EARLY + 1]] },
  /** Rules 12 and 13. */
  'the store loses its data': LOSS,
  'the store loses its data, strict': { ...LOSS, strict: true, mostFaults: 1 },
  'a replica becomes master, and back': {
    ...SERVERS,
    end: LAST_USE,
    faults: ['the replica becomes master', 'node 0 restarts'],
    mostFaults: 2,
  },
  'clocks of servers step': { ...SERVERS, end: 8, clocks: [-8, -SKEW, 0, SKEW, 8], mostFaults: 2 },
  'the clock of a machine steps': { ...MACHINE, end: 8, clocks: [0, 8], mostFaults: 2 },
  'the clock of a machine steps back first': { ...MACHINE, end: 8, clocks: [-8, 0], mostFaults: 2 },
  /** Rule 9: the clock becomes wrong and is corrected. The second token is dated with the wrong clock. */
  'the clock of a machine is wrong by years': WRONG_BY_YEARS,
  'the clock of two processes is wrong by years': { ...WRONG_BY_YEARS, nodes: [0, 0] },
  'the clock of a machine is wrong by years, until true time reaches that date': {
    ...WRONG_BY_YEARS,
    tokens: [[FAR - T]],
    end: FAR - 2,
    strict: true,
  },
  'the clock of a machine is wrong by years, twice': {
    ...WRONG_BY_YEARS,
    tokens: [[FAR - T]],
    clocks: [0, FAR, 8],
    mostFaults: 3,
  },
  /** Rule 9 with nodes whose clocks differ, so that they close at different times. */
  'the clocks of all servers are wrong by years': {
    ...SERVERS,
    tokens: [[EARLY], [FAR - T]],
    end: 11,
    allClocks: [0, FAR],
    mostFaults: 2,
  },
  'the store loses its data while all clocks are wrong by years': {
    ...LOSS,
    faults: ['the store is flushed'],
    allClocks: [0, FAR],
    mostFaults: 3,
  },
  /** SQLite: the data on the disk may be older than the last response. */
  'a machine crashes': CRASH,
  'a machine crashes, strict': { ...CRASH, strict: true },
  'a machine crashes while its clock is wrong by years': { ...CRASH, clocks: [0, FAR], mostFaults: 3, end: 11 },
  'a machine crashes, and restarts with its clock behind': { ...CRASH, clocks: [-8, 0], mostFaults: 3 },
  /** The memory store. */
  'a process restarts': PROCESS,
  'a process restarts, strict': { ...PROCESS, strict: true },
} as const satisfies Readonly<Record<string, Scenario>>;

export type ScenarioName = keyof typeof SCENARIOS;
