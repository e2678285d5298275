/** Reads page queries, and makes pages with a cursor. */
import type { Kysely } from 'kysely';
import { isUnrepresentable } from '../../kysely/unrepresentable.ts';
import { DirectoryError, type Page, type PageQuery } from './directory.ts';

/** @throws DirectoryError `bad_query` */
export function readLimit({ limit = 100 }: PageQuery): number {
  if (Number.isInteger(limit) && limit >= 1 && limit <= 1000) return limit;
  throw new DirectoryError('bad_query', 'limit must be a whole number from 1 to 1000');
}

/**
 * Reads a cursor that contains the number of a row.
 *
 * @throws DirectoryError `bad_query`
 */
export function readNumber(after: string | undefined): number {
  if (after === undefined) return 0;
  if (/^\d{1,10}$/.test(after)) return Math.min(Number(after), 2 ** 31 - 1);
  throw new DirectoryError('bad_query', 'after must be the value of next in another page');
}

/**
 * Reads a string that every database accepts in a query.
 *
 * @throws DirectoryError `bad_query`
 */
export function readText(name: string, text: string): string {
  if (typeof text === 'string' && text.length <= 600 && text.isWellFormed() && !text.includes('\0')) return text;
  throw new DirectoryError('bad_query', `${name} must be a string of at most 600 characters`);
}

/**
 * Runs a query with strings that the caller has given.
 *
 * @throws DirectoryError `bad_query` if the database cannot represent one of the strings
 */
export async function rowsFor<Row>(
  // biome-ignore lint/suspicious/noExplicitAny: tables do not matter here
  db: Kysely<any>,
  texts: readonly (string | undefined)[],
  query: { execute(): Promise<Row[]> },
): Promise<Row[]> {
  try {
    return await query.execute();
  } catch (error) {
    if (!(await isUnrepresentable(db, texts.join(''), error))) throw error;
    throw new DirectoryError(
      'bad_query',
      'the character set of this database cannot represent a character in the query',
    );
  }
}

/**
 * Makes a page from rows.
 *
 * @param rows - the rows of the page, and one more if there is another page
 */
export function pageOf<Row, Item>(
  rows: readonly Row[],
  limit: number,
  itemOf: (row: Row) => Item,
  cursorOf: (row: Row) => string,
): Page<Item> {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  return {
    items: shown.map(itemOf),
    next: rows.length > limit && last !== undefined ? cursorOf(last) : undefined,
  };
}
