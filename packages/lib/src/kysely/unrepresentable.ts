/** Recognizes the error of a database whose character set lacks a character in a query. */
import { type Kysely, sql } from 'kysely';

/** SQLSTATE codes of PostgreSQL: untranslatable_character and character_not_in_repertoire. */
const POSTGRES = ['22P05', '22021'];

/**
 * Error numbers of MySQL and MariaDB: collations that cannot be mixed because one lacks a character, and strings that are not valid or
 * cannot be converted. All character sets of these databases contain ASCII.
 */
const MYSQL = [1267, 1300, 1366, 1977, 3854, 3988];
const ASCII = /^[\0-\x7f]*$/;

/**
 * Reports whether a query failed because the database cannot represent a string. If so, no row contains the string.
 *
 * @param db - the database
 * @param text - the only parameter of the query
 * @param error - the error of the query
 * @returns whether the string is the reason for the error
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
  // The error has ended the transaction, so a second query cannot confirm the reason.
  if (db.isTransaction) return true;
  // PostgreSQL reports the same error if it cannot convert a value in a row for this connection.
  return sql`SELECT CAST(${text} AS text)`.execute(db).then(
    () => false,
    (second: { code?: string }) => POSTGRES.includes(second?.code ?? ''),
  );
}
