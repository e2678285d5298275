/** Variants of the rule, with scenarios in which they are safe or fail. */
import { M, OURS, OURS_IN_SQL, type Rule, SKEW, T } from './rule.ts';
import type { ScenarioName } from './scenarios.ts';

export interface Variant {
  readonly name: string;
  readonly rule: Rule;
  readonly scenario: ScenarioName;
}

/** The store and its callers are on one machine and share a clock. */
const ON_ONE_MACHINE: Rule = { ...OURS, gap: Number.POSITIVE_INFINITY };
const QUARANTINE: Rule = { ...ON_ONE_MACHINE, loss: 'quarantine' };
const IN_MEMORY: Rule = { ...ON_ONE_MACHINE, loss: 'below the second' };
const SQL_ON_ONE_MACHINE: Rule = { ...OURS_IN_SQL, gap: Number.POSITIVE_INFINITY };
const NO_LOCK: Rule = { ...SQL_ON_ONE_MACHINE, lock: false, wait: false };
/** A rule that uses a TTL instead of a floor, as `SET NX EX` does, and does not check the caller's clock. */
const keptFor = (lifetime: number): Rule => ({ ...ON_ONE_MACHINE, floor: 'none', lifetime });
const SMALLEST = 2 * T + 2 * SKEW + 1;

/** Variants that accept no token twice within the bounds. */
export const SAFE: readonly Variant[] = [
  { name: 'Redis: one step per claim', rule: OURS, scenario: 'skewed clocks' },
  { name: 'Redis: one step per claim', rule: OURS, scenario: 'skewed clocks, two tokens' },
  {
    name: 'Redis: one step per claim, one for floor and deletion',
    rule: { ...OURS, forgetting: 'in one transaction' },
    scenario: 'skewed clocks',
  },
  {
    name: 'SQL server: one statement with lock and wait',
    rule: SQL_ON_ONE_MACHINE,
    scenario: 'the clock of a machine steps',
  },
  {
    name: 'SQL server: lock only',
    rule: { ...SQL_ON_ONE_MACHINE, wait: false },
    scenario: 'the clock of a machine steps',
  },
  {
    name: 'SQL server: wait only',
    rule: { ...SQL_ON_ONE_MACHINE, lock: false },
    scenario: 'the clock of a machine steps',
  },
  { name: 'no floor, records kept for 2T + 2s + 1 from the claim', rule: keptFor(SMALLEST), scenario: 'skewed clocks' },
  { name: 'Redis: one step per claim', rule: OURS, scenario: 'the store loses its data' },
  {
    name: 'Redis, `quarantine`',
    rule: { ...OURS, loss: 'quarantine' },
    scenario: 'the store loses its data, strict',
  },
  { name: 'SQL server: one statement with lock and wait', rule: OURS_IN_SQL, scenario: 'the store loses its data' },
  { name: 'Redis: one step per claim', rule: OURS, scenario: 'a replica becomes master, and back' },
  { name: 'Redis: one step per claim', rule: OURS, scenario: 'clocks of servers step' },
  { name: 'SQLite', rule: ON_ONE_MACHINE, scenario: 'the clock of a machine steps' },
  { name: 'SQLite', rule: ON_ONE_MACHINE, scenario: 'the clock of a machine steps back first' },
  { name: 'SQLite', rule: ON_ONE_MACHINE, scenario: 'the clock of two processes is wrong by years' },
  { name: 'SQLite', rule: ON_ONE_MACHINE, scenario: 'a machine crashes' },
  { name: 'SQLite, `quarantine`', rule: QUARANTINE, scenario: 'a machine crashes, strict' },
  { name: 'SQLite, `quarantine`', rule: QUARANTINE, scenario: 'a machine crashes while its clock is wrong by years' },
  { name: 'memory', rule: IN_MEMORY, scenario: 'a process restarts' },
  { name: 'Redis: one step per claim', rule: OURS, scenario: 'the clocks of all servers are wrong by years' },
  {
    name: 'Redis, `quarantine`',
    rule: { ...OURS, loss: 'quarantine' },
    scenario: 'the store loses its data while all clocks are wrong by years',
  },
];

/** Variants that accept a token twice. */
export const BROKEN: readonly Variant[] = [
  {
    name: 'check first, record later',
    rule: { ...OURS, claim: 'check, then record' },
    scenario: 'skewed clocks',
  },
  { name: 'no floor, records kept for 2T from the claim', rule: keptFor(2 * T), scenario: 'skewed clocks' },
  { name: 'no floor, records kept for 2T + 2s from the claim', rule: keptFor(SMALLEST - 1), scenario: 'skewed clocks' },
  {
    name: 'no floor, records kept long enough, clock not read again',
    rule: { ...keptFor(SMALLEST), readsAgain: false },
    scenario: 'skewed clocks',
  },
  {
    name: 'floor and deletion in one transaction, with a claim in flight',
    rule: { ...NO_LOCK, forgetting: 'in one transaction' },
    scenario: 'the clock of a machine steps',
  },
  { name: 'floor first, but neither lock nor wait', rule: NO_LOCK, scenario: 'the clock of a machine steps' },
  {
    name: 'the floor raised after the deletion',
    rule: { ...ON_ONE_MACHINE, forgetting: 'floor last' },
    scenario: 'the clock of a machine steps',
  },
  {
    name: 'no floor, and a clock that steps back',
    rule: { ...ON_ONE_MACHINE, floor: 'none' },
    scenario: 'the clock of a machine steps',
  },
  {
    name: 'floor not raised after a loss',
    rule: { ...OURS, incarnation: 'none' },
    scenario: 'the store loses its data',
  },
  {
    name: 'after a loss, a floor set by the clock of a stalled caller',
    rule: { ...OURS, loss: 'caller’s clock', gap: Number.POSITIVE_INFINITY },
    scenario: 'the store loses its data',
  },
  {
    name: '`quarantine` without the skew',
    rule: { ...OURS, loss: 'quarantine without skew' },
    scenario: 'the store loses its data',
  },
  {
    name: '`run_id` only',
    rule: { ...OURS, incarnation: 'run id' },
    scenario: 'a replica becomes master, and back',
  },
  {
    name: 'H compared without its fraction',
    rule: { ...ON_ONE_MACHINE, floor: 'whole seconds' },
    scenario: 'a machine crashes',
  },
  {
    name: 'a floor that falls, clock not read again',
    rule: { ...ON_ONE_MACHINE, readsAgain: false },
    scenario: 'the clock of a machine is wrong by years',
  },
  {
    name: '`quarantine`, and a floor that falls at once',
    rule: { ...QUARANTINE, fall: 'at once' },
    scenario: 'a machine crashes while its clock is wrong by years',
  },
  {
    name: '`quarantine` on servers, and a floor that falls at once',
    rule: { ...OURS, loss: 'quarantine', fall: 'at once' },
    scenario: 'the store loses its data while all clocks are wrong by years',
  },
];

/** Variants that refuse honest new tokens for too long after the last fault. */
export const LOCK_OUTS: readonly (Variant & { readonly most: number })[] = [
  {
    name: 'a floor that never falls',
    rule: { ...ON_ONE_MACHINE, fall: 'never' },
    scenario: 'the clock of a machine is wrong by years',
    most: 2 * T + M + 1,
  },
  {
    name: 'a store that opens as soon as H becomes possible',
    rule: { ...ON_ONE_MACHINE, fall: 'after 2T + M, or once H is possible' },
    scenario: 'the clock of a machine is wrong by years',
    most: 2 * T + M + 1,
  },
];

/** Cases in which the rule accepts a token twice, and which no rule can exclude. The search reports them in strict scenarios. */
export const REMAINDERS: readonly Variant[] = [
  {
    name: '`fresh` on servers: a token dated after the loss, used before it',
    rule: OURS,
    scenario: 'the store loses its data, strict',
  },
  {
    name: '`fresh` in SQLite: a token dated after the loss, used before it',
    rule: ON_ONE_MACHINE,
    scenario: 'a machine crashes, strict',
  },
  {
    name: '`fresh` in memory: a token dated after the loss, used before it',
    rule: IN_MEMORY,
    scenario: 'a process restarts, strict',
  },
  {
    name: 'a token dated by a wrong clock, when true time reaches its date',
    rule: ON_ONE_MACHINE,
    scenario: 'the clock of a machine is wrong by years, until true time reaches that date',
  },
  {
    name: 'a token dated by a wrong clock, when the clock has the same error again',
    rule: ON_ONE_MACHINE,
    scenario: 'the clock of a machine is wrong by years, twice',
  },
  {
    name: 'a machine that restarts after a crash with its clock behind, until the clock is corrected',
    rule: ON_ONE_MACHINE,
    scenario: 'a machine crashes, and restarts with its clock behind',
  },
  {
    name: '`quarantine`, with a clock further behind than it covers',
    rule: QUARANTINE,
    scenario: 'a machine crashes, and restarts with its clock behind',
  },
];
