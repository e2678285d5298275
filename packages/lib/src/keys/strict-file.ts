/** Files that decide who is let in: nobody but their owner may have been able to write them. */
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { KeyError } from './key-error.ts';
import { whyUnreadable } from './why-unreadable.ts';

/** Largest file that is read, in bytes. */
const MAX_BYTES = 4_194_304;
const WRITABLE_BY_OTHERS = 0o022;

/**
 * Reads a file. What is checked is what was opened: a regular file and no link, of root or of this user, which others cannot write, in
 * a folder that is the same. Systems without modes check its kind and size alone.
 *
 * @returns the text, or `undefined` where there is no such file, in a folder that is as it should be
 * @throws KeyError `unreadable`, `too_large`, or `malformed` where it is no UTF-8
 */
export async function readStrictFile(path: string): Promise<string | undefined> {
  await checkFolder(dirname(path));
  // Neither a link nor a pipe, which would hold us up.
  const file = await opened(path, constants.O_NOFOLLOW | constants.O_NONBLOCK);
  if (file === undefined) return undefined;
  try {
    const before = await check(file, path, 'file');
    if (before.size > MAX_BYTES) throw tooLarge(path);
    const bytes = Buffer.alloc(before.size + 1);
    let length = 0;
    for (;;) {
      const { bytesRead } = await file.read(bytes, length, bytes.length - length, length);
      length += bytesRead;
      if (bytesRead === 0 || length === bytes.length) break;
    }
    // Written to just now: it may be half of one text and half of another.
    const after = await file.stat();
    if (length !== before.size || after.mtimeMs !== before.mtimeMs || after.size !== before.size) {
      throw new KeyError('unreadable', `${path} is being written to; write a new file and rename it`);
    }
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes.subarray(0, length));
  } catch (error) {
    if (error instanceof KeyError) throw error;
    if (error instanceof TypeError) throw new KeyError('malformed', `${path} is not UTF-8`);
    throw new KeyError('unreadable', `${path} cannot be read: ${whyUnreadable(error)}`);
  } finally {
    await file.close();
  }
}

/** @throws KeyError `unreadable` for a folder that is not there, or that others can write to */
async function checkFolder(path: string): Promise<void> {
  const folder = await opened(path, constants.O_DIRECTORY);
  if (folder === undefined) throw new KeyError('unreadable', `the folder ${path} is not there`);
  try {
    await check(folder, path, 'folder');
  } finally {
    await folder.close();
  }
}

async function opened(path: string, flags: number): Promise<FileHandle | undefined> {
  try {
    return await open(path, constants.O_RDONLY | (flags || 0));
  } catch (error) {
    const { code } = error as { readonly code?: string };
    if (code === 'ENOENT') return undefined;
    if (code === 'ELOOP') throw new KeyError('unreadable', `${path} is a link; give the file itself`);
    throw new KeyError('unreadable', `${path} cannot be read: ${whyUnreadable(error)}`);
  }
}

async function check(handle: FileHandle, path: string, kind: 'file' | 'folder') {
  const stat = await handle.stat();
  if (kind === 'file' && !stat.isFile()) throw new KeyError('unreadable', `${path} is not a regular file`);
  const uid = process.getuid?.();
  if (uid !== undefined && stat.uid !== 0 && stat.uid !== uid) {
    throw new KeyError('unreadable', `the ${kind} ${path} belongs to somebody else; it must be root's or this user's`);
  }
  if (uid !== undefined && (stat.mode & WRITABLE_BY_OTHERS) !== 0) {
    throw new KeyError('unreadable', `the ${kind} ${path} can be written by others; \`chmod go-w\` it`);
  }
  return stat;
}

function tooLarge(path: string): KeyError {
  return new KeyError('too_large', `${path} is larger than ${MAX_BYTES} bytes`);
}
