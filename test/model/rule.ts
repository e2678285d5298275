/** The replay rule (spec/PROTOCOL.md §4) as a table of choices, and what one gets who chooses otherwise. Times are in ticks. */

/** T: half the width of a token's window. */
export const T = 2;
/** Machines are at most this far from true time. */
export const SKEW = 1;
/** M: the smallest that covers the skew, 2s + 1. */
export const M = 2 * SKEW + 1;
/** Ticks in a second, so that times can have a fraction. */
export const SECOND = 2;

export interface Rule {
  /**
   * How a claim is made (rule 3):
   * - `one step`: fence, floor and record at once, as in one process, an SQLite statement or a Redis script
   * - `statement`: as in an SQL server: fence and floor are read from the statement's snapshot, then the record is inserted, which
   *   looks at the present records and not at the snapshot's
   * - `check, then record`: whether the record is there is read first, and it is written later
   */
  readonly claim: 'one step' | 'statement' | 'check, then record';
  /** Whether a statement holds a lock on the floor until it has inserted (`FOR SHARE`). */
  readonly lock: boolean;
  /** Whether records are deleted only when no statement is under way that may have read the floor before it rose. */
  readonly wait: boolean;
  /** How H rises and records go (rule 8). */
  readonly forgetting: 'floor first' | 'in one transaction' | 'floor last';
  /** `undefined`: records are kept until T + M after their time (rule 6); else for so long after the claim, as with a TTL. */
  readonly lifetime: number | undefined;
  /** How a claim compares with H (rule 7). */
  readonly floor: 'exact' | 'whole seconds' | 'none';
  /** What a claim compares with the recorded incarnation (rule 12). */
  readonly incarnation: 'run and replication id' | 'run id' | 'none';
  /** Where H rises to in another incarnation (rule 12). */
  readonly loss: 'both clocks' | 'caller’s clock' | 'quarantine' | 'quarantine without skew' | 'below the second';
  /** How far a caller's clock may lie from the store's. */
  readonly gap: number;
  /** Whether the clock is read again after the claim (rule 5). */
  readonly readsAgain: boolean;
  /**
   * When H falls that lies in the far future (rule 9):
   * - `after closing`: after 2T + M, of which nothing is lost while time comes nearer to that H
   * - `after a closing that ends when H is possible`: the same, but the closing is given up when H ≤ now + T + M
   * - `at once`, `never`
   */
  readonly fall: 'after closing' | 'after a closing that ends when H is possible' | 'at once' | 'never';
}

/** The rule, where a claim is one step by nature: memory, SQLite, Redis. */
export const OURS: Rule = {
  claim: 'one step',
  lock: false,
  wait: false,
  forgetting: 'floor first',
  lifetime: undefined,
  floor: 'exact',
  incarnation: 'run and replication id',
  loss: 'both clocks',
  gap: SKEW,
  readsAgain: true,
  fall: 'after closing',
};

/** The rule in a database server. */
export const OURS_IN_SQL: Rule = { ...OURS, claim: 'statement', lock: true, wait: true };
