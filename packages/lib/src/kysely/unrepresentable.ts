/** Recognizes errors of databases whose character set lacks a character of a query. */
import { type Kysely, sql } from 'kysely';

/** SQLSTATEs of PostgreSQL: untranslatable_character, character_not_in_repertoire. */
const POSTGRES = ['22P05', '22021'];

/**
 * Errors of MySQL and MariaDB: collations that cannot be mixed because one lacks a character, and strings that are not valid or cannot be
 * converted. All their character sets contain ASCII.
 */
const MYSQL = [1267, 1300, 1366, 1977, 3854, 3988];
const ASCII = /^[\0-\x7f]*$/;

/**
 * Tells whether a query failed because the database cannot represent a string, which means that no row has it.
 *
 * @param db - the database
 * @param text - the only parameter of the query
 * @param error - the error of the query
 * @returns whether the string is the reason
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
  // The error has ended the transaction, so no other query is possible.
  if (db.isTransaction) return true;
  // PostgreSQL throws the same error for a value in a row that it cannot convert for this connection.
  return sql`SELECT CAST(${text} AS text)`.execute(db).then(
    () => false,
    (second: { code?: string }) => POSTGRES.includes(second?.code ?? ''),
  );
}
