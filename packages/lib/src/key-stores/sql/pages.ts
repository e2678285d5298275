/** Parts of lists, by cursor. */
import { DirectoryError, type Page, type PageQuery } from '../directory.ts';

/** @throws DirectoryError `bad_query` */
export function readLimit({ limit = 100 }: PageQuery): number {
  if (Number.isInteger(limit) && limit >= 1 && limit <= 1000) return limit;
  throw new DirectoryError('bad_query', 'limit must be a whole number from 1 to 1000');
}

/** A cursor that is the number of a row. @throws DirectoryError `bad_query` */
export function readNumber(after: string | undefined): number {
  if (after === undefined) return 0;
  if (/^\d{1,10}$/.test(after)) return Math.min(Number(after), 2 ** 31 - 1);
  throw new DirectoryError('bad_query', 'after must be the end of another page');
}

/** A text that any database can be asked for. @throws DirectoryError `bad_query` */
export function readText(name: string, text: string): string {
  if (typeof text === 'string' && text.length <= 600 && text.isWellFormed() && !text.includes('\0')) return text;
  throw new DirectoryError('bad_query', `${name} must be up to 600 characters of text`);
}

/** @param rows - one more than the limit, where there is more */
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
