/** The database of a site, opened to be read. */
import { CommandError } from 'asymmetric-jwt-auth/internal/command-line';
import { nodeSqlite } from 'asymmetric-jwt-auth/sql';
import { Kysely } from 'kysely';
import { type Examination, examine } from './examine.ts';
import { readSite, type UsersTable } from './site.ts';

/** Milliseconds that the site's own changes are waited for. */
const WAIT = 5000;

/** @throws CommandError where it cannot be read */
export async function examineDatabase(path: string, users: UsersTable): Promise<Examination> {
  let database: Kysely<unknown> | undefined;
  try {
    database = new Kysely<unknown>({ dialect: nodeSqlite(path, { readOnly: true, wait: WAIT }) });
    return await examine(await readSite(database, users), users.table);
  } catch (error) {
    if (error instanceof CommandError) throw error;
    throw new CommandError(`the database ${path} cannot be read: ${(error as Error).message}`);
  } finally {
    await database?.destroy();
  }
}
