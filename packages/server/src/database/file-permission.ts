/** Finds out why this process cannot open an SQLite database, because SQLite's own errors name neither the file nor its owner. */
import { accessSync, constants, type Stats, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { nameOf, ownerAndMode, realPath } from './file-owner.ts';

const { R_OK, W_OK, X_OK } = constants;

/** Node's error codes and SQLite's primary result codes for a file that is missing, read-only or not accessible. */
const NODE_CODES = ['EACCES', 'EPERM', 'EROFS', 'ENOENT', 'ENOTDIR'];
const SQLITE_CODES = [3, 8, 14, 23];

/**
 * Explains an error that is caused by missing permissions or folders.
 *
 * @returns what is not permitted, with owner and mode, and what to do; `undefined` for other errors
 */
export function whyNotPermitted(path: string, error: unknown): string | undefined {
  const { code = '', errcode = 0 } = error as { code?: string; errcode?: number };
  const isAboutFile =
    NODE_CODES.includes(code) || (code === 'ERR_SQLITE_ERROR' && SQLITE_CODES.includes(errcode & 255));
  if (!isAboutFile || process.getuid === undefined) return undefined;
  const real = realPath(path);
  const folder = dirname(real);
  for (const above of [...ancestors(folder), folder]) {
    const stats = statSync(above, { throwIfNoEntry: false });
    if (stats === undefined) return `the folder ${above} does not exist; create it`;
    if (!stats.isDirectory()) return `${above} is not a folder`;
    const problem = problemWith(above, stats, X_OK, 'enter the folder');
    if (problem !== undefined) return problem;
  }
  for (const file of [real, `${real}-wal`, `${real}-shm`, `${real}-journal`]) {
    const stats = statSync(file, { throwIfNoEntry: false });
    const problem = stats && problemWith(file, stats, R_OK | W_OK, 'read and write the file');
    if (problem !== undefined) return problem;
  }
  // SQLite creates the write-ahead log in the folder of the database.
  return problemWith(folder, statSync(folder), W_OK, 'create files in the folder');
}

/** Returns all parents of a folder, starting with the root. */
function ancestors(folder: string): readonly string[] {
  const above = dirname(folder);
  return above === folder ? [] : [...ancestors(above), above];
}

function problemWith(path: string, stats: Stats, mode: number, what: string): string | undefined {
  try {
    accessSync(path, mode);
    return undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EROFS') return `the file system of ${path} is read-only`;
    const user = nameOf(process.getuid?.() ?? -1);
    return `user ${user} cannot ${what} ${path} (${ownerAndMode(stats)}); run ajwtd as the owner, or change the owner`;
  }
}
