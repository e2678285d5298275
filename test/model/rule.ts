/** The replay rule (spec/PROTOCOL.md §4) as a table of choices. Times are in ticks. */

/** T: half the width of a token's window. */
export const T = 2;
/** The maximum error of a machine's clock. */
export const SKEW = 1;
/** M: the smallest value that covers the skew, 2s + 1. */
export const M = 2 * SKEW + 1;
/** Ticks per second; more than one, so that times can have a fraction. */
export const SECOND = 2;

export interface Rule {
  /**
   * The steps of a claim (rule 3):
   * - `one step`: checks the incarnation and the floor, and records the token, all at once, as a single process, an SQLite statement or a
   *   Redis script does
   * - `statement`: like an SQL server, reads the incarnation and the floor from the snapshot of the statement, and then inserts the
   *   record, which checks the current records and not those of the snapshot
   * - `check, then record`: first checks whether the record exists, and later writes it
   */
  readonly claim: 'one step' | 'statement' | 'check, then record';
  /** Whether a statement locks the floor until it has inserted the record (`FOR SHARE`). */
  readonly lock: boolean;
  /** Whether the deletion of records waits for all statements in flight that may have read the floor before it rose. */
  readonly wait: boolean;
  /** The order in which H rises and records are deleted (rule 8). */
  readonly forgetting: 'floor first' | 'in one transaction' | 'floor last';
  /** Ticks for which a record is kept after its claim, as with a TTL; with `undefined`, it is kept until T + M after its time (rule 6). */
  readonly lifetime: number | undefined;
  /** The comparison of a token's time with H (rule 7). */
  readonly floor: 'exact' | 'whole seconds' | 'none';
  /** The current incarnation, which a claim compares with the recorded one (rule 12). */
  readonly incarnation: 'run and replication id' | 'run id' | 'none';
  /** The value that H rises to in a new incarnation (rule 12). */
  readonly loss: 'both clocks' | 'caller’s clock' | 'quarantine' | 'quarantine without skew' | 'below the second';
  /** Maximum difference between the clocks of a caller and of the store. */
  readonly gap: number;
  /** Whether the clock is read again after the claim (rule 5). */
  readonly readsAgain: boolean;
  /**
   * When a node that closed because of an H in the far future opens again (rule 9):
   * - `after 2T + M`: then, even if H becomes possible in the meantime
   * - `after 2T + M, or once H is possible`: then, or earlier when H ≤ now + T + M
   * - `at once`, `never`
   */
  readonly fall: 'after 2T + M' | 'after 2T + M, or once H is possible' | 'at once' | 'never';
}

/** The rule in stores that claim in one step: memory, SQLite and Redis. */
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
  fall: 'after 2T + M',
};

/** The rule in a database server. */
export const OURS_IN_SQL: Rule = { ...OURS, claim: 'statement', lock: true, wait: true };
