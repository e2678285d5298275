/** Helpers for commands that read or change the directory. */
import { userInfo } from 'node:os';
import { CommandError, type Io } from 'ajwt-cli-kit';
import type { Directory, Page } from 'asymmetric-jwt-auth/sql';
import { readDatabase } from '../database/config.ts';
import { DATABASE_OPTION } from '../serve-options.ts';

export { DATABASE_OPTION };

/**
 * Opens the directory, does the work, and closes it.
 *
 * @param url - URL of the database
 * @param option - name of the option or variable with the URL, for messages
 * @throws CommandError if the database cannot be opened, and any error that the work throws
 */
export async function withDirectory<T>(
  io: Io,
  url: string | undefined,
  option: string,
  work: (directory: Directory) => Promise<T>,
): Promise<T> {
  const config = readDatabase(url, option);
  // This import takes half the time of a short command, so wrong options are reported first.
  const { openDatabase } = await import('../database/open.ts');
  const database = await openDatabase(config, 'command');
  if (database.created) io.note(`created the database ${config.name}`);
  try {
    return await work(database.directory.withActor(actorOf()));
  } finally {
    await database.close();
  }
}

/** Returns the name of the operator, for the audit trail. */
function actorOf(): string {
  try {
    return `cli:${userInfo().username}`;
  } catch {
    // In many containers, the user has no name.
    return `cli:${process.getuid?.() ?? 'unknown'}`;
  }
}

/** Returns all items of a list, page by page. */
export async function everyItem<Item>(list: (after: string | undefined) => Promise<Page<Item>>): Promise<Item[]> {
  const items: Item[] = [];
  for (let after: string | undefined; ; ) {
    const page = await list(after);
    for (const item of page.items) items.push(item);
    if (page.next === undefined) return items;
    after = page.next;
  }
}

/** Checks that a command has exactly the named arguments. */
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

/** Parses a number from 1 to 1000. @throws CommandError that names the option */
export function readCount(text: string, option: string): number {
  const count = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (count >= 1 && count <= 1000) return count;
  throw new CommandError(`${option}: must be a whole number from 1 to 1000`);
}

/** Warns about a change without an audit entry: a change that revokes access is made even if the audit trail cannot be written. */
export function warnIfUnaudited(io: Io, changed: unknown): void {
  if ((changed as { audited?: boolean } | undefined)?.audited === false) {
    io.note('warning: the change was made, but could not be recorded in the audit trail');
  }
}
