/** The statements that differ between databases. The rule itself is in `epoch.ts`. */

/** How to insert several records with one statement. */
interface SqlGroup {
  /**
   * Returns one row, whose column `possible` is 1 if the server can run `claim`. Left out if every server of this kind can.
   */
  readonly probe?: string;
  /**
   * Inserts each record for which the single `claim` would succeed. Returns `time` and `key`, in lower-case hex, of each record that it has
   * inserted. A record has `:time`, `:key`, `:hex` (its key in hex) and `:now` (the clock of its caller). `:rows` stands for all records in
   * the form `row`, and `:rows.time` for all times, separated by commas.
   */
  readonly claim: string;
  /** The form of a record in `:rows`. The statement must ignore a record of NULLs. */
  readonly row?: string;
}

/**
 * The statements of a database. Each is a separate transaction. A name after a colon is a value. These values are in seconds:
 *
 * - `:time`: the claimed time
 * - `:now`: the caller's clock
 * - `:limit`: the time limit for a claim
 * - `:gap`: the largest accepted difference between the caller's clock and the database's
 * - `:keep`: T + M
 * - `:seen`: the latest floor that the caller has seen; if the floor is lower, the database has lost data
 * - `:ahead`: how far a loss raises the floor above the later of both clocks
 */
export interface SqlNonceDialect {
  readonly placeholder: '?' | '$n';
  /** Whether the database runs on this machine. It then stops with the machine, and uses the same clock. */
  readonly local: boolean;
  /** Whether an error means that the statement was rolled back because of a concurrent one. */
  isBusy(error: unknown): boolean;
  /** Statements that create the tables. */
  readonly create: readonly string[];
  /** Returns a row for each reason why claims would not be safe, in the column `fault`. */
  readonly faults?: string;
  /** Stores the id `:life` for the current run of the server. Left out if the server has such an id itself. */
  readonly wake?: string;
  /** Inserts the epoch of a new store, with the floor `:floor`. */
  readonly first: string;
  /** Raises the floor if the recorded incarnation is not the current one, or if the floor has fallen. */
  readonly settle: string;
  /**
   * Inserts one record, `:time` and `:key`, if the recorded incarnation is the current one and the time is above the floor. Prevents a
   * purge from raising the floor meanwhile.
   */
  readonly claim: string;
  /** Does the same for several records. */
  readonly group: SqlGroup;
  /**
   * Returns one row: `floor`; `used`, whether the record exists; `same`, whether the incarnation is the recorded one; `clock`; `alone`,
   * whether the connection can write and has no open transaction.
   */
  readonly look: string;
  /** Raises the floor to the latest time that is about to be deleted. It does not use the clock: a wrong one would lock everyone out. */
  readonly raise: string;
  /** Deletes up to `:most` records at or below the floor. */
  readonly forget: string;
  /** Lowers a floor between `:least` and `:most`, which no correct clock can have set, to the later of the two clocks. */
  readonly lower: string;
}
