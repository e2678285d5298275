/** Checks who else can write to an SQLite database, because anyone who can write to it can register any key. */
import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import { CommandError } from 'ajwt-cli-kit';
import { ownerAndMode, realPath } from './file-owner.ts';

/** Suffixes of the files that SQLite reads as parts of the database. */
const SUFFIXES = ['', '-wal', '-shm', '-journal'];

const BY_GROUP = 0o020;
const BY_ANYONE = 0o002;

/**
 * Checks the modes of the existing files of a database, and of their folder: anyone who can write to the folder can replace the files
 * or, in a folder like /tmp, create `ajwt.db-wal` first. Checks nothing on Windows, which has no modes.
 *
 * @returns warnings about the first folder and the first file that a group can write to
 * @throws CommandError if anyone can write to one of them, or if the path leads to a folder or a device
 */
export function checkFileAccess(path: string): readonly string[] {
  const real = realPath(path);
  const stats = statSync(real, { throwIfNoEntry: false });
  if (stats !== undefined && !stats.isFile()) {
    const kind = stats.isDirectory() ? 'a folder' : 'not a regular file';
    throw new CommandError(`the database ${path} cannot be opened: it is ${kind}; give the path of a file`);
  }
  const folders = new Set([dirname(path), dirname(real)]);
  const files = SUFFIXES.map((suffix) => `${real}${suffix}`);
  return [
    ...check('folder', folders, 'move the database to a folder that only its owner can write to'),
    ...check('file', files, 'run `chmod o-w` on it'),
  ];
}

function check(kind: 'file' | 'folder', paths: Iterable<string>, remedy: string): readonly string[] {
  const warnings: string[] = [];
  if (process.getuid === undefined) return warnings;
  for (const path of paths) {
    const stats = statSync(path, { throwIfNoEntry: false });
    if (stats === undefined) continue;
    const what = `the database ${kind} ${path} is writable by`;
    if ((stats.mode & BY_ANYONE) !== 0) {
      throw new CommandError(`${what} anyone (${ownerAndMode(stats)}), so anyone can register keys; ${remedy}`);
    }
    if ((stats.mode & BY_GROUP) !== 0 && warnings.length === 0) {
      warnings.push(
        `${what} the group ${stats.gid} (${ownerAndMode(stats)}), whose members can therefore register keys; if that is not intended, run \`chmod g-w\` on it`,
      );
    }
  }
  return warnings;
}
