/** Examines the database of a Django site, without writing to it. */
import { CommandError } from 'ajwt-cli-kit';
import { nodeSqliteDialect } from 'asymmetric-jwt-auth/sql';
import { type Dialect, Kysely } from 'kysely';
import type { DatabaseConfig } from '../../database/config.ts';
import { reasonOf } from '../../database/open.ts';
import { POOL_LIMITS, SQLITE_WAIT_MS } from '../../database/pool-limits.ts';
import { type Examination, examine } from './examine.ts';
import { readSite, type UsersTable } from './site.ts';

/** Reads the database and examines it. @throws CommandError if it cannot be read */
export async function examineDatabase(config: DatabaseConfig, users: UsersTable): Promise<Examination> {
  let database: Kysely<unknown> | undefined;
  try {
    database = new Kysely<unknown>({ dialect: await dialectOf(config) });
    return await examine(await readSite(database, users), users.table);
  } catch (error) {
    if (error instanceof CommandError) throw error;
    throw new CommandError(`cannot read the database ${config.name}: ${reasonOf(error)}`);
  } finally {
    await database?.destroy();
  }
}

/** Makes a dialect with one connection. Imports only the driver that it needs. */
async function dialectOf(config: DatabaseConfig): Promise<Dialect> {
  if (config.kind === 'sqlite')
    return nodeSqliteDialect(config.path, { readOnly: true, busyTimeoutMs: SQLITE_WAIT_MS.command });
  if (config.kind === 'postgres') {
    const { postgresDialect } = await import('../../database/postgres.ts');
    return postgresDialect(config, POOL_LIMITS.command, 1);
  }
  const { mysqlDialect } = await import('../../database/mysql.ts');
  return mysqlDialect(config, POOL_LIMITS.command, 1);
}
