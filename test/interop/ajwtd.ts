/** The real server `ajwtd`, on an SQLite database in a folder of the test. */
import { resolve } from 'node:path';
import { mustRun } from 'ajwt-testkit/run';
import { nodeSqliteDialect, sqlNonceStore } from 'asymmetric-jwt-auth/sql';
import { Kysely } from 'kysely';
import { type RunningServer, startServer } from './server.ts';

const AJWTD = ['--conditions=source', resolve('packages/server/src/cli/ajwtd.ts')];

/** A running `ajwtd serve`. */
export interface Ajwtd extends Pick<RunningServer, 'stop'> {
  readonly url: string;
}

/**
 * Registers keys with `ajwtd key add`, lets the database be a minute old, and starts `ajwtd serve`.
 *
 * @param database - path of the database, which is made
 * @param keys - username and public key file
 */
export async function startAjwtd(
  database: string,
  keys: Readonly<Record<string, string>>,
  ...options: readonly string[]
): Promise<Ajwtd> {
  const where = ['--database', `sqlite:${database}`];
  for (const [username, file] of Object.entries(keys)) {
    await mustRun(process.execPath, [...AJWTD, 'key', 'add', username, file, ...where]);
  }
  await openNoncesAMinuteAgo(database);
  const words = ['serve', '--listen', '127.0.0.1:0', '--admin-listen', 'off', ...where, ...options];
  const { said: url, stop } = await startServer(process.execPath, [...AJWTD, ...words], /listening on (http:[^"\s]+)"/);
  return { url, stop };
}

/** A nonce store refuses what is older than itself: a new one, tokens that are good for some seconds yet. */
async function openNoncesAMinuteAgo(database: string): Promise<void> {
  const connection = new Kysely<unknown>({ dialect: nodeSqliteDialect(database) });
  await sqlNonceStore(connection).open(Date.now() / 1000 - 60);
  await connection.destroy();
}
