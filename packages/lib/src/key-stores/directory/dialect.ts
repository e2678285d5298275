/** What differs between the databases that can hold a directory. */
import type { Kysely, RawBuilder, SqlBool } from 'kysely';
import type { DirectoryTables } from './tables.ts';

/** Facts about a database. */
export interface DirectoryDialect {
  /** Whether an error says that a transaction was taken back, as another one was in its way, or was faster. */
  mayTryAgain(error: unknown): boolean;
  /** Whether a migration is one transaction, so that no connection sees half of it. */
  readonly isAtomic: boolean;
  /**
   * Runs work that no two connections do at once; one transaction, if the dialect is atomic.
   *
   * @throws MigrationUnderWay, or an error for which `mayTryAgain` holds, if another connection is at it
   */
  alone<T>(db: Kysely<DirectoryTables>, work: (connection: Kysely<DirectoryTables>) => Promise<T>): Promise<T>;
  /** Whether a column contains a text, the case of ASCII letters aside. */
  contains(column: RawBuilder<unknown>, text: string): RawBuilder<SqlBool>;
  /** How an insert says what to do with a row that is there. */
  readonly upsert: 'ON CONFLICT' | 'ON DUPLICATE KEY';
  /** Statements, by the name of their migration, in order. A migration that was released is never changed. */
  readonly migrations: Readonly<Record<string, readonly string[]>>;
}
