/** Examines the database of a Django site, without writing to it. */
import { CommandError } from 'ajwt-cli-kit';
import type { Kysely } from 'kysely';
import type { DatabaseConfig } from '../../../database/config.ts';
import { reasonOf } from '../../../database/open.ts';
import { openReadOnly } from '../read-only.ts';
import { type Examination, examine } from './examine.ts';
import { readSite, type UsersTable } from './site.ts';

/** Reads the database and examines it. @throws CommandError if it cannot be read */
export async function examineDatabase(config: DatabaseConfig, users: UsersTable): Promise<Examination> {
  let database: Kysely<unknown> | undefined;
  try {
    database = await openReadOnly(config);
    return await examine(await readSite(database, users), users.table);
  } catch (error) {
    if (error instanceof CommandError) throw error;
    throw new CommandError(`cannot read the database ${config.name}: ${reasonOf(error)}`);
  } finally {
    await database?.destroy();
  }
}
