/** Lets one process at a time migrate a database. */
import type { Kysely } from 'kysely';
import { retryWhileBusy } from '../../kysely/retry-while-busy.ts';
import type { DirectoryDialect } from './dialect.ts';
import type { DirectoryTables } from './tables.ts';

/** Milliseconds that a process waits for the migrations of another one. */
const TIMEOUT_MS = 30_000;

/** Another process holds the lock. */
export class MigrationUnderWay extends Error {}

/**
 * Runs work while no other process migrates the database. If the database has transactions for DDL, the work is one.
 *
 * @throws UnavailableError if another process does not finish in time; whatever the work throws
 */
export function whileNobodyMigrates<T>(
  db: Kysely<DirectoryTables>,
  { alone, mayTryAgain }: DirectoryDialect,
  work: (connection: Kysely<DirectoryTables>) => Promise<T>,
): Promise<T> {
  const isBusy = (error: unknown) => error instanceof MigrationUnderWay || mayTryAgain(error);
  return retryWhileBusy(() => alone(db, work), TIMEOUT_MS, isBusy);
}
