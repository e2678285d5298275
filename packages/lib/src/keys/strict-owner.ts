/** Checks that only root and the user of this process can write to a file or folder. It checks nothing on systems without file modes. */
import type { Stats } from 'node:fs';
import { access, constants, open } from 'node:fs/promises';
import { KeyError } from './key-error.ts';
import { readErrorReason } from './read-error.ts';

const WRITABLE_BY_OTHERS = 0o022;
const STICKY = 0o1000;

/** The type of the checked entry, as error messages name it. */
export type Kind = 'file' | 'folder' | 'link';

/**
 * A folder that has passed the checks. Other users can write to a shared folder, but cannot change or rename files of root in it: the
 * folder belongs to root, and is sticky or on a read-only file system, like Kubernetes volumes.
 */
export interface CheckedFolder {
  readonly path: string;
  readonly isShared: boolean;
}

/** Thrown for a file of another user in a shared folder. In this case, a store must not even keep the last valid content of the file. */
export class StrangersEntryError extends KeyError {}

/**
 * Checks the owner of a file, folder or link, and whether others can write to it.
 *
 * @param parent - the folder that contains it, if that folder was checked
 * @throws KeyError `unreadable`
 */
export function checkOwner(stat: Stats, path: string, kind: Kind, parent: CheckedFolder | undefined): void {
  const uid = process.getuid?.();
  if (uid === undefined) return;
  if (stat.uid !== 0 && stat.uid !== uid) {
    const Refusal = parent?.isShared === true ? StrangersEntryError : KeyError;
    throw new Refusal(
      'unreadable',
      `the ${kind} ${path} belongs to another user; \`chown\` it to root or to the user of this process, or remove it`,
    );
  }
  // On some systems, anyone can create a hard link to a file of root, and so give that file the name of another user.
  if (kind !== 'folder' && parent?.isShared === true && stat.nlink > 1) {
    throw new KeyError(
      'unreadable',
      `the ${kind} ${path} has a second hard link, in a folder that others can write to; replace it with a copy`,
    );
  }
  if (kind === 'file' && (stat.mode & WRITABLE_BY_OTHERS) !== 0) throw writable(path, kind);
}

/**
 * Opens a folder and checks it.
 *
 * @throws KeyError `unreadable`
 */
export async function checkFolder(path: string): Promise<CheckedFolder> {
  const folder = await open(path, constants.O_RDONLY | (constants.O_DIRECTORY || 0)).catch((error) => {
    const isMissing = (error as { readonly code?: string }).code === 'ENOENT';
    throw new KeyError(
      'unreadable',
      isMissing ? `the folder ${path} does not exist` : `${path} cannot be read: ${readErrorReason(error)}`,
    );
  });
  try {
    return await checkFolderStat(await folder.stat(), path, undefined);
  } finally {
    await folder.close();
  }
}

/**
 * Checks the owner and mode of a folder, given its `stat`.
 *
 * @throws KeyError `unreadable`
 */
export async function checkFolderStat(
  stat: Stats,
  path: string,
  parent: CheckedFolder | undefined,
): Promise<CheckedFolder> {
  checkOwner(stat, path, 'folder', parent);
  const isWritable = process.getuid !== undefined && (stat.mode & WRITABLE_BY_OTHERS) !== 0;
  if (!isWritable) return { path, isShared: false };
  const isHeld = stat.uid === 0 && ((stat.mode & STICKY) !== 0 || (await isReadOnly(path)));
  if (!isHeld) throw writable(path, 'folder');
  return { path, isShared: true };
}

async function isReadOnly(path: string): Promise<boolean> {
  try {
    await access(path, constants.W_OK);
    return false;
  } catch (error) {
    return (error as { readonly code?: string }).code === 'EROFS';
  }
}

function writable(path: string, kind: Kind): KeyError {
  return new KeyError('unreadable', `the ${kind} ${path} can be written by others; \`chmod go-w\` it`);
}
