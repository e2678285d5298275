/** Lets one process at a time migrate a database. */
import type { Kysely } from 'kysely';
import { retryWhileBusy } from '../../kysely/retry-while-busy.ts';
import type { DirectoryDialect } from './dialect.ts';
import type { DirectoryTables } from './tables.ts';

/** Maximum number of milliseconds that a process waits for the migrations of another process. */
const TIMEOUT_MS = 30_000;

/** Thrown if another process holds the lock. */
export class MigrationUnderWay extends Error {}

/**
 * Runs work while no other process migrates the database. If the database supports transactions for DDL, the work is one transaction.
 *
 * @throws UnavailableError if another process does not finish in time, and any error of the work
 */
export function whileNobodyMigrates<T>(
  db: Kysely<DirectoryTables>,
  { alone, mayTryAgain }: DirectoryDialect,
  work: (connection: Kysely<DirectoryTables>) => Promise<T>,
): Promise<T> {
  const isBusy = (error: unknown) => error instanceof MigrationUnderWay || mayTryAgain(error);
  return retryWhileBusy(() => alone(db, work), TIMEOUT_MS, isBusy);
}
