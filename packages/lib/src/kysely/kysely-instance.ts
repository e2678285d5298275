/** Checks that a database is a `Kysely` instance, which all SQL stores need. */
import { checkArgument, hasMethod } from '../core/arguments.ts';

/** @throws TypeError for a dialect, a driver's pool, a path, or anything else that is not a `Kysely` instance */
export function checkKysely(database: unknown): void {
  const a = 'a Kysely instance: new Kysely({ dialect })';
  checkArgument(hasMethod(database, 'getExecutor'), 'database', a, database);
}
