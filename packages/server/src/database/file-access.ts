/** Who else can write to an SQLite database: those people decide who is let in. */
import { realpathSync, type Stats, statSync } from 'node:fs';
import { userInfo } from 'node:os';
import { dirname } from 'node:path';
import { CommandError } from 'ajwt-cli-kit';

/** What SQLite keeps beside the file, and reads as a part of the database. */
const PARTS = ['', '-wal', '-shm', '-journal'];

const BY_GROUP = 0o020;
const BY_ANYONE = 0o002;

/**
 * Looks at the modes of a database's files, those that exist, and of their folder: anyone who can write there can put other files in the
 * place of these, or, in a folder like /tmp, make `ajwt.db-wal` first. Windows has no modes.
 *
 * @returns warnings: the first folder and the first file that a group can write to
 * @throws CommandError if anyone can write to one
 */
export function checkFileAccess(path: string): readonly string[] {
  const real = realPath(path);
  const folders = new Set([dirname(path), dirname(real)]);
  const files = PARTS.map((part) => `${real}${part}`);
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
      throw new CommandError(
        `${what} anyone (${describe(stats)}), and whoever can write to it can let anyone in; ${remedy}`,
      );
    }
    if ((stats.mode & BY_GROUP) !== 0 && warnings.length === 0) {
      warnings.push(
        `${what} the group ${stats.gid} (${describe(stats)}), whose members can let anyone in; if that is not intended, run \`chmod g-w\` on it`,
      );
    }
  }
  return warnings;
}

/** Where the links of a path lead; the path itself, if nothing is there yet. */
function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

function describe({ uid, mode }: Stats): string {
  return `owner ${nameOf(uid)}, mode ${(mode & 0o7777).toString(8).padStart(4, '0')}`;
}

/** Node knows the name of the present user alone. */
function nameOf(uid: number): string {
  if (uid === 0) return 'root';
  try {
    const present = userInfo();
    if (present.uid === uid) return present.username;
  } catch {
    // A user whom the system has no name for, as in many a container.
  }
  return String(uid);
}
