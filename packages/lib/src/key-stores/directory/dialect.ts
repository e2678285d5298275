/** Describes the differences between the databases that can hold a directory. */
import type { Kysely, RawBuilder, SqlBool } from 'kysely';
import type { DirectoryTables } from './tables.ts';

/** One kind of database. */
export interface DirectoryDialect {
  /** Reports whether an error means that a transaction was rolled back because of another transaction. */
  mayTryAgain(error: unknown): boolean;
  /** Whether a migration runs in one transaction, so that no other connection sees half of it. */
  readonly isAtomic: boolean;
  /**
   * Runs work that only one connection may do at a time. If the dialect is atomic, the work is one transaction.
   *
   * @throws MigrationUnderWay, or an error that `mayTryAgain` accepts, if another connection is doing such work
   */
  alone<T>(db: Kysely<DirectoryTables>, work: (connection: Kysely<DirectoryTables>) => Promise<T>): Promise<T>;
  /** Returns a condition that is true if a column contains a string. It ignores the case of ASCII letters. */
  contains(column: RawBuilder<unknown>, text: string): RawBuilder<SqlBool>;
  /** The clause of an INSERT that handles existing rows. */
  readonly upsert: 'ON CONFLICT' | 'ON DUPLICATE KEY';
  /** The statements of each migration, in order. A released migration never changes. */
  readonly migrations: Readonly<Record<string, readonly string[]>>;
}
