/** Starts `ajwtd` with registered keys and an SQLite database. */
import { ajwtd, type Ajwtd as Server, serve } from 'ajwt-testkit/ajwtd';
import { asOfAMinuteAgo } from 'ajwt-testkit/directory';

/** A running `ajwtd serve`. */
export type Ajwtd = Pick<Server, 'url' | 'stop'>;

/**
 * Registers keys with `ajwtd key add`, sets the age of the nonce store to a minute, and starts `ajwtd serve`.
 *
 * @param database - path of the database, which is created
 * @param keys - file of a public key, by username
 */
export async function startAjwtd(
  database: string,
  keys: Readonly<Record<string, string>>,
  ...args: readonly string[]
): Promise<Ajwtd> {
  for (const [username, file] of Object.entries(keys)) {
    const { code, stderr } = await ajwtd(['key', 'add', username, file, '--database', `sqlite:${database}`]);
    if (code !== 0) throw new Error(`ajwtd key add ${username} exited with ${code}: ${stderr}`);
  }
  // A new nonce store refuses tokens that were signed before it was created.
  await asOfAMinuteAgo(database);
  return serve({ database, args });
}
