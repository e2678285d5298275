/** One process at a time migrates a database. */
import type { Kysely } from 'kysely';
import { retryWhileBusy } from '../../kysely/retry-while-busy.ts';
import type { DirectoryDialect } from './dialect.ts';
import type { DirectoryTables } from './tables.ts';

/** Milliseconds that a process waits for another one's migrations. */
const DEADLINE = 30_000;

/** Another process holds the lock. */
export class MigrationUnderWay extends Error {}

/**
 * Runs work while no other process migrates the database. Where DDL has transactions, the work is one: other connections see all of
 * it or nothing.
 *
 * @throws UnavailableError if another process does not finish in time; whatever the work throws
 */
export function whileNobodyMigrates<T>(
  db: Kysely<DirectoryTables>,
  { alone, mayTryAgain }: DirectoryDialect,
  work: (connection: Kysely<DirectoryTables>) => Promise<T>,
): Promise<T> {
  const isBusy = (error: unknown) => error instanceof MigrationUnderWay || mayTryAgain(error);
  return retryWhileBusy(() => alone(db, work), DEADLINE, isBusy);
}
