/** Commands that look into the directory, or change it. */
import { CommandError, note } from 'asymmetric-jwt-auth/internal/command-line';
import type { Directory } from 'asymmetric-jwt-auth/sql';
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
    return await work(database.directory);
  } finally {
    await database.close();
  }
}

/** The words of a command, by name; each must be there, and no more. */
export function readWords<const Names extends readonly string[]>(
  words: readonly string[],
  names: Names,
): { readonly [Index in keyof Names]: string } {
  const missing = names[words.length];
  if (missing !== undefined) throw new CommandError(`${missing} is missing: give ${names.join(' ')}`);
  if (words.length > names.length) {
    throw new CommandError(`there is a word too many: give ${names.length === 0 ? 'only options' : names.join(' ')}`);
  }
  return words as unknown as { readonly [Index in keyof Names]: string };
}
