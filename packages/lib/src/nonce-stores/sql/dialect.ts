/** What differs between the databases that can hold nonces. The rule itself is written once, in `epoch.ts`. */

/**
 * The statements of a database, each one transaction. A word with a colon is a value; the seconds among them are
 * `:limit` (most that a claim may take), `:time` (claimed), `:now` (the caller's clock), `:seen` (the floor may not lie below it, or it was lost), `:gap` (most that the
 * caller's clock may differ from the store's), `:keep` (T + M) and `:ahead` (what a loss adds to the later of both clocks).
 */
export interface SqlNonceDialect {
  readonly placeholder: '?' | '$n';
  /** Whether the database is on this machine, ends with it, and has its clock. */
  readonly local: boolean;
  /** Whether an error says that the statement has not run, as another one was in its way. */
  isBusy(error: unknown): boolean;
  /** Tables that the rule needs. */
  readonly create: readonly string[];
  /** Rows of `fault`: why claims would not be safe here. */
  readonly faults?: string;
  /** Gives this life of the server its id `:life`, where it has none of its own. */
  readonly wake?: string;
  /** The first row of new tables, with `:floor`. */
  readonly first: string;
  /** In another life than the recorded one, or where the floor has fallen, the floor rises. */
  readonly settle: string;
  /** Inserts one record `:time`, `:key`, if the life is the recorded one and the time lies above the floor, which no purge may raise meanwhile. */
  readonly claim: string;
  /** One row: `floor`, `used`, `same` (life), `clock`, `alone` (a statement is a transaction of its own, and may write). */
  readonly look: string;
  /** Raises the floor to the latest time that is about to be forgotten: not to the clock, as a wrong one would lock everybody out. */
  readonly raise: string;
  /** Deletes some records at or below the floor, `:most` at most. */
  readonly forget: string;
  /** Lowers a floor between `:least` and `:most`, that no right clock can have set, to the later of both clocks. */
  readonly lower: string;
}
