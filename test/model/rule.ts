/** The replay rule (spec/PROTOCOL.md §4) as a table of choices. Times are in ticks. */

/** T: half the width of a token's window. */
export const T = 2;
/** Maximum error of a machine's clock. */
export const SKEW = 1;
/** M: the smallest value that covers the skew, 2s + 1. */
export const M = 2 * SKEW + 1;
/** Ticks in a second; more than one, so that times can have a fraction. */
export const SECOND = 2;

export interface Rule {
  /**
   * How a claim is made (rule 3):
   * - `one step`: fence, floor and record at once, as in one process, an SQLite statement or a Redis script
   * - `statement`: as in an SQL server: fence and floor are read from the statement's snapshot, then the record is inserted, which
   *   checks the current records, not those of the snapshot
   * - `check, then record`: reads first whether the record exists, and writes it later
   */
  readonly claim: 'one step' | 'statement' | 'check, then record';
  /** Whether a statement holds a lock on the floor until it has inserted (`FOR SHARE`). */
  readonly lock: boolean;
  /** Whether records are deleted only while no statement is in flight that may have read the floor before it rose. */
  readonly wait: boolean;
  /** The order in which H rises and records are deleted (rule 8). */
  readonly forgetting: 'floor first' | 'in one transaction' | 'floor last';
  /** Ticks for which records are kept after the claim, as with a TTL; `undefined`: until T + M after their time (rule 6). */
  readonly lifetime: number | undefined;
  /** How a claim compares with H (rule 7). */
  readonly floor: 'exact' | 'whole seconds' | 'none';
  /** What a claim compares with the recorded incarnation (rule 12). */
  readonly incarnation: 'run and replication id' | 'run id' | 'none';
  /** The value that H rises to in a new incarnation (rule 12). */
  readonly loss: 'both clocks' | 'caller’s clock' | 'quarantine' | 'quarantine without skew' | 'below the second';
  /** Maximum difference between a caller's clock and the store's. */
  readonly gap: number;
  /** Whether the clock is read again after the claim (rule 5). */
  readonly readsAgain: boolean;
  /**
   * When an H in the far future falls (rule 9):
   * - `after closing`: after 2T + M, even if H becomes possible in the meantime
   * - `after a closing that ends when H is possible`: the same, but the closing ends early when H ≤ now + T + M
   * - `at once`, `never`
   */
  readonly fall: 'after closing' | 'after a closing that ends when H is possible' | 'at once' | 'never';
}

/** The rule in stores with claims in one step: memory, SQLite, Redis. */
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
