/** The file of an SQLite database. */
import { closeSync, openSync, statSync } from 'node:fs';
import { UnavailableError } from 'asymmetric-jwt-auth';

/** Whoever can write to the file decides who gets in: it is made for its owner alone. @returns whether it is new */
export function makeFile(path: string): boolean {
  try {
    closeSync(openSync(path, 'wx', 0o600));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** @returns a function that throws UnavailableError where the path leads to another file than now, or none */
export function fileCheck(path: string): () => void {
  const file = fileAt(path);
  return () => {
    if (fileAt(path) !== file) throw new UnavailableError(`the file ${path} was replaced or removed; restart ajwtd`);
  };
}

/** Which file a path leads to. */
function fileAt(path: string): string | undefined {
  const found = statSync(path, { bigint: true, throwIfNoEntry: false });
  return found && `${found.dev} ${found.ino}`;
}
