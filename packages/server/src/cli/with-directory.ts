/** Commands that look into the directory, or change it. */
import { userInfo } from 'node:os';
import { CommandError, note } from 'ajwt-cli-kit';
import type { Directory, Page } from 'asymmetric-jwt-auth/sql';
import { DATABASE_OPTION } from '../config.ts';
import { readDatabase } from '../database/config.ts';

export { DATABASE_OPTION };

/** What every command on the directory is given. */
export interface DatabaseValues {
  readonly database: string | undefined;
}

/**
 * Opens the directory, does the work, and closes it.
 *
 * @param option - how the database was given
 * @throws CommandError where it cannot be opened; whatever the work throws
 */
export async function withDirectory<T>(
  { database: url }: DatabaseValues,
  option: string,
  work: (directory: Directory) => Promise<T>,
): Promise<T> {
  const config = readDatabase(url, option);
  // Half the time of a short command: whoever was refused before does not wait for it.
  const { openDatabase } = await import('../database/open.ts');
  const database = await openDatabase(config, 'command');
  if (database.created) note(`created the database ${config.name}`);
  try {
    return await work(database.directory.withActor(actorOf()));
  } finally {
    await database.close();
  }
}

/** Who is at the keyboard, for the audit trail. */
function actorOf(): string {
  try {
    return `cli:${userInfo().username}`;
  } catch {
    // A user whom the system has no name for, as in many a container.
    return `cli:${process.getuid?.() ?? 'unknown'}`;
  }
}

/** All items of a list, page by page. */
export async function everyItem<Item>(list: (after: string | undefined) => Promise<Page<Item>>): Promise<Item[]> {
  const items: Item[] = [];
  for (let after: string | undefined; ; ) {
    const page = await list(after);
    for (const item of page.items) items.push(item);
    if (page.next === undefined) return items;
    after = page.next;
  }
}

/** The words of a command, by name; each must be there, and no more. */
export function readWords<const Names extends readonly string[]>(
  words: readonly string[],
  names: Names,
): { readonly [Index in keyof Names]: string } {
  const missing = names[words.length];
  if (missing !== undefined) throw new CommandError(`${missing} is missing; give ${names.join(' ')}`);
  if (words.length > names.length) {
    throw new CommandError(`unexpected argument; give ${names.length === 0 ? 'only options' : names.join(' ')}`);
  }
  return words as unknown as { readonly [Index in keyof Names]: string };
}

/** @throws CommandError naming the option */
export function readCount(text: string, option: string): number {
  const count = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (count >= 1 && count <= 1000) return count;
  throw new CommandError(`${option}: must be a whole number from 1 to 1000`);
}

/** What shuts somebody out is done even so; but somebody must know. */
export function warnWhereUnaudited(changed: unknown): void {
  if ((changed as { audited?: boolean } | undefined)?.audited === false) {
    note('warning: the change was made, but could not be recorded in the audit trail');
  }
}
