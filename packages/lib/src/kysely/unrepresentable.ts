/** Whether a database failed only because its character set lacks a character that was asked for. */
import { type Kysely, sql } from 'kysely';

/** SQLSTATEs of PostgreSQL: untranslatable_character, character_not_in_repertoire. */
const POSTGRES = ['22P05', '22021'];

/**
 * Errors of MySQL and MariaDB: collations that cannot be mixed, as a character is missing from one of them; a string that is not
 * valid, not correct, or not convertible. ASCII is in all their character sets.
 */
const MYSQL = [1267, 1300, 1366, 1977, 3854, 3988];
const ASCII = /^[\0-\x7f]*$/;

/**
 * Tells a text that the database cannot hold, and so does not have, from a database that fails.
 *
 * @param db - which failed
 * @param text - the only value that was asked for
 * @param error - what it failed with
 * @returns whether the text is the reason
 */
export async function isUnrepresentable(
  // biome-ignore lint/suspicious/noExplicitAny: tables do not matter here
  db: Kysely<any>,
  text: string,
  error: unknown,
): Promise<boolean> {
  const { code, errno } = (error ?? {}) as { code?: string; errno?: number };
  if (ASCII.test(text)) return false;
  if (MYSQL.includes(errno ?? 0)) return true;
  if (!POSTGRES.includes(code ?? '')) return false;
  // A transaction has ended with the error, and cannot be asked anything else.
  if (db.isTransaction) return true;
  // PostgreSQL also fails like this for a value in a row that it cannot convert for this connection.
  return sql`SELECT CAST(${text} AS text)`.execute(db).then(
    () => false,
    (second: { code?: string }) => POSTGRES.includes(second?.code ?? ''),
  );
}
