/** Finds a file in a folder, and follows links that stay inside the folder. */
import { lstat, readlink, realpath } from 'node:fs/promises';
import { isAbsolute, join, resolve, sep } from 'node:path';
import { KeyError } from './key-error.ts';
import { readErrorReason } from './read-error.ts';
import { type CheckedFolder, checkFolder, checkFolderStat, checkOwner } from './strict-owner.ts';

const MAX_LINKS = 8;

/** The result of following links. */
export interface StrictPath {
  /** The path of the file after all links below the checked folder are resolved. */
  readonly path: string;
  /** The folder of the file. */
  readonly parent: CheckedFolder;
  readonly hasLinks: boolean;
  readonly isThere: boolean;
}

/**
 * Finds a file in a folder. Every link and folder on the path must belong to root or to the user of this process, so no other user can
 * choose the file.
 *
 * @returns where the links lead, even if the file does not exist
 * @throws KeyError `unreadable`
 */
export async function findStrictly(folder: string, name: string): Promise<StrictPath> {
  const root = await checkFolder(folder);
  const way = [root];
  const parts = [name];
  let links = 0;
  for (;;) {
    const part = parts.shift();
    if (part === undefined) throw new KeyError('unreadable', `${join(folder, name)} is not a regular file`);
    if (part === '' || part === '.') continue;
    if (part === '..') {
      if (way.length === 1) throw leadsOut(folder, name);
      way.pop();
      continue;
    }
    const parent = way.at(-1) as CheckedFolder;
    const path = join(parent.path, part);
    const isLast = parts.every((later) => later === '' || later === '.');
    const stat = await lookAt(path);
    if (stat === undefined) {
      if (isLast) return { path, parent, hasLinks: links > 0, isThere: false };
      throw new DeadEndError('unreadable', `${join(folder, name)} is a link to a missing folder: ${path}`);
    }
    if (stat.isSymbolicLink()) {
      checkOwner(stat, path, 'link', parent);
      if (++links > MAX_LINKS)
        throw new KeyError('unreadable', `${join(folder, name)} has more than ${MAX_LINKS} links on its path`);
      const target = await targetOf(path, folder);
      if (target === undefined) throw leadsOut(folder, name);
      if (target.isFromRoot) way.length = 1;
      parts.unshift(...target.parts);
    } else if (isLast) {
      // The owner is checked before the file is opened, because opening the file of another user may fail.
      checkOwner(stat, path, stat.isDirectory() ? 'folder' : 'file', parent);
      return { path, parent, hasLinks: links > 0, isThere: true };
    } else {
      if (!stat.isDirectory()) throw new KeyError('unreadable', `${path} is not a folder, but a link leads through it`);
      way.push(await checkFolderStat(stat, path, parent));
    }
  }
}

/** Thrown if a folder on the path is missing. This happens for a moment while Kubernetes replaces a volume. */
export class DeadEndError extends KeyError {}

function leadsOut(folder: string, name: string): KeyError {
  return new KeyError(
    'unreadable',
    `${join(folder, name)} is a link that leads out of ${folder}; put the file into that folder`,
  );
}

/** @returns `undefined` for a target outside the folder */
async function targetOf(
  link: string,
  folder: string,
): Promise<{ readonly parts: readonly string[]; readonly isFromRoot: boolean } | undefined> {
  const target = await readlink(link).catch((error) => {
    throw new DeadEndError('unreadable', `${link} cannot be read: ${readErrorReason(error)}`);
  });
  if (!isAbsolute(target)) return { parts: partsOf(target), isFromRoot: false };
  for (const base of [resolve(folder), await realpath(folder).catch(() => undefined)]) {
    if (base !== undefined && target.startsWith(base + sep)) {
      return { parts: partsOf(target.slice(base.length)), isFromRoot: true };
    }
  }
  return undefined;
}

const partsOf = (path: string) => path.split(sep === '/' ? '/' : /[\\/]/);

async function lookAt(path: string) {
  try {
    return await lstat(path);
  } catch (error) {
    const { code } = error as { readonly code?: string };
    if (code === 'ENOENT') return undefined;
    throw new KeyError('unreadable', `${path} cannot be read: ${readErrorReason(error)}`);
  }
}
