/** The file of an SQLite database. */
import { closeSync, openSync, statSync } from 'node:fs';
import { UnavailableError } from 'asymmetric-jwt-auth';

/**
 * Creates the file if it does not exist. Only its owner can write to it, because anyone who can write to it can register any key.
 *
 * @returns whether it was created
 */
export function makeFile(path: string): boolean {
  try {
    closeSync(openSync(path, 'wx', 0o600));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** Returns a function that throws an UnavailableError if the path no longer leads to the same file. */
export function fileCheck(path: string): () => void {
  const file = fileAt(path);
  return () => {
    if (fileAt(path) !== file) throw new UnavailableError(`the file ${path} was replaced or removed; restart ajwtd`);
  };
}

/** Returns the identity of the file that a path leads to. */
function fileAt(path: string): string | undefined {
  const found = statSync(path, { bigint: true, throwIfNoEntry: false });
  return found && `${found.dev} ${found.ino}`;
}
