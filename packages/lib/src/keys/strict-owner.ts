/** Who may have written a file or a folder: only root and this user are trusted. Systems without modes trust everybody. */
import type { Stats } from 'node:fs';
import { access, constants, open } from 'node:fs/promises';
import { KeyError } from './key-error.ts';
import { readErrorReason } from './read-error.ts';

const WRITABLE_BY_OTHERS = 0o022;
const STICKY = 0o1000;

/** What is checked, for messages. */
export type Kind = 'file' | 'folder' | 'link';

/**
 * A folder that was checked. Others can write to a shared one, and what root has put there they can neither change nor rename: it is
 * root's, and sticky or on a file system that is mounted read-only, as the volumes of Kubernetes are.
 */
export interface CheckedFolder {
  readonly path: string;
  readonly isShared: boolean;
}

/** Something of another user in a shared folder. It must not count, not even as the reason to keep what was there before. */
export class StrangersEntryError extends KeyError {}

/**
 * Checks whose a file, folder or link is, and what others could do with it.
 *
 * @param parent - the folder that it is in, if that was checked
 * @throws KeyError `unreadable`
 */
export function checkOwner(stat: Stats, path: string, kind: Kind, parent: CheckedFolder | undefined): void {
  const uid = process.getuid?.();
  if (uid === undefined) return;
  if (stat.uid !== 0 && stat.uid !== uid) {
    const Refusal = parent?.isShared === true ? StrangersEntryError : KeyError;
    throw new Refusal(
      'unreadable',
      `the ${kind} ${path} belongs to somebody else; it must be root's or this user's, so \`chown\` or remove it`,
    );
  }
  // A hard link needs no permission on some systems: it would give a file of root's another name, and so another user.
  if (kind !== 'folder' && parent?.isShared === true && stat.nlink > 1) {
    throw new KeyError(
      'unreadable',
      `the ${kind} ${path} has a second name (a hard link), in a folder that others can write to; put a copy there`,
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
      isMissing ? `the folder ${path} is not there` : `${path} cannot be read: ${readErrorReason(error)}`,
    );
  });
  try {
    return await checkFolderStat(await folder.stat(), path, undefined);
  } finally {
    await folder.close();
  }
}

/**
 * Checks a folder that was looked at.
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
