/** The statements that differ between databases. The rule itself is in `epoch.ts`. */

/**
 * The statements of a database; each one is a transaction. A name after a colon is a value. All of these are in seconds:
 *
 * - `:time`: the claimed time
 * - `:now`: the caller's clock
 * - `:limit`: the most that a claim may take
 * - `:gap`: the largest accepted difference between the caller's clock and the database's
 * - `:keep`: T + M
 * - `:seen`: the latest floor that the caller has seen; if the floor is lower, it was lost
 * - `:ahead`: how far a loss raises the floor above the later of the two clocks
 */
export interface SqlNonceDialect {
  readonly placeholder: '?' | '$n';
  /** Whether the database runs on this machine, and therefore stops with it and has its clock. */
  readonly local: boolean;
  /** Whether an error means that the statement was rolled back because another one was in its way. */
  isBusy(error: unknown): boolean;
  /** Statements that create the tables. */
  readonly create: readonly string[];
  /** Returns rows with the column `fault`: why claims would not be safe. */
  readonly faults?: string;
  /** Gives this life of the server the id `:life`, if the server has no such id itself. */
  readonly wake?: string;
  /** Inserts the first epoch, with `:floor`. */
  readonly first: string;
  /** Raises the floor if the recorded incarnation is not the current one, or if the floor has fallen. */
  readonly settle: string;
  /**
   * Inserts one record, `:time` and `:key`, if the recorded incarnation is the current one and the time is above the floor. No purge
   * may raise the floor meanwhile.
   */
  readonly claim: string;
  /**
   * Returns one row: `floor`; `used`, whether the record exists; `same`, whether the incarnation is the recorded one; `clock`;
   * `alone`, whether a statement is a transaction of its own and may write.
   */
  readonly look: string;
  /** Raises the floor to the latest time that is about to be deleted. Raising it to a wrong clock would lock everyone out. */
  readonly raise: string;
  /** Deletes up to `:most` records at or below the floor. */
  readonly forget: string;
  /** Lowers a floor between `:least` and `:most`, which no correct clock can have set, to the later of the two clocks. */
  readonly lower: string;
}
