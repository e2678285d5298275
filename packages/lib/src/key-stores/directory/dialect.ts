/** The differences between the databases that can hold a directory. */
import type { Kysely, RawBuilder, SqlBool } from 'kysely';
import type { DirectoryTables } from './tables.ts';

/** One kind of database. */
export interface DirectoryDialect {
  /** Whether an error means that a transaction was rolled back because of another one. */
  mayTryAgain(error: unknown): boolean;
  /** Whether a migration is one transaction, so no connection sees half of it. */
  readonly isAtomic: boolean;
  /**
   * Runs work that only one connection may do at a time; in one transaction, if the dialect is atomic.
   *
   * @throws MigrationUnderWay, or an error for which `mayTryAgain` holds, if another connection does it now
   */
  alone<T>(db: Kysely<DirectoryTables>, work: (connection: Kysely<DirectoryTables>) => Promise<T>): Promise<T>;
  /** Whether a column contains a string; ignores the case of ASCII letters. */
  contains(column: RawBuilder<unknown>, text: string): RawBuilder<SqlBool>;
  /** The clause of an insert for rows that exist. */
  readonly upsert: 'ON CONFLICT' | 'ON DUPLICATE KEY';
  /** The statements of each migration, in order. A released migration never changes. */
  readonly migrations: Readonly<Record<string, readonly string[]>>;
}
