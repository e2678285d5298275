/** Reads files that decide who gets access. Only root and the user of this process may be able to write to them. */
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { KeyError } from './key-error.ts';
import { readErrorReason } from './read-error.ts';
import { checkOwner } from './strict-owner.ts';
import { DeadEndError, findStrictly, type StrictPath } from './strict-path.ts';
import { isUtf16, SAVE_AS_UTF_8 } from './utf-16.ts';

/** Maximum size of a file, in bytes. */
const MAX_BYTES = 4_194_304;
/** Maximum number of attempts to read a file. While Kubernetes replaces a volume, a file can be missing for a moment. */
const TRIES = 3;

/**
 * Opens a file, checks its owner and mode, and reads it. The file must be a regular file that belongs to root or to the user of this
 * process, and others must not be able to write to it or replace it in its folder. Links must stay inside that folder, and belong to root
 * or to the same user. On systems without file modes, only the type and size of the file are checked.
 *
 * @returns the text without a byte order mark, or `undefined` if the folder passes these checks but does not contain the file
 * @throws KeyError `unreadable`, `too_large`, or `malformed` if it is not UTF-8
 */
export async function readStrictFile(path: string): Promise<string | undefined> {
  for (let tries = 1; ; tries++) {
    try {
      const found = await findStrictly(dirname(path), basename(path));
      const file = found.isThere ? await opened(found) : undefined;
      if (file !== undefined) return textOf(await bytesOf(file, found), path);
      if (!found.hasLinks || tries === TRIES) return undefined;
    } catch (error) {
      if (!(error instanceof DeadEndError) || tries === TRIES) throw error;
    }
  }
}

async function opened({ path }: StrictPath): Promise<FileHandle | undefined> {
  try {
    // These flags refuse a link that has just replaced the file, and avoid blocking on a pipe.
    return await open(path, constants.O_RDONLY | (constants.O_NOFOLLOW || 0) | (constants.O_NONBLOCK || 0));
  } catch (error) {
    const { code } = error as { readonly code?: string };
    if (code === 'ENOENT') return undefined;
    if (code === 'ELOOP') throw new DeadEndError('unreadable', `${path} was replaced by a link while it was opened`);
    throw new KeyError('unreadable', `${path} cannot be read: ${readErrorReason(error)}`);
  }
}

/** Reads a file to its end, and closes it. */
async function bytesOf(file: FileHandle, { path, parent }: StrictPath): Promise<Buffer> {
  try {
    const before = await file.stat();
    if (!before.isFile()) throw new KeyError('unreadable', `${path} is not a regular file`);
    checkOwner(before, path, 'file', parent);
    if (before.size > MAX_BYTES) throw new KeyError('too_large', `${path} is larger than ${MAX_BYTES} bytes`);
    const bytes = Buffer.alloc(before.size + 1);
    let length = 0;
    for (;;) {
      const { bytesRead } = await file.read(bytes, length, bytes.length - length, length);
      length += bytesRead;
      if (bytesRead === 0 || length === bytes.length) break;
    }
    // If another process was writing to the file, the bytes may be partly old and partly new.
    const after = await file.stat();
    if (length !== before.size || after.mtimeMs !== before.mtimeMs || after.size !== before.size) {
      throw new KeyError('unreadable', `${path} is being written to; write a new file and rename it`);
    }
    return bytes.subarray(0, length);
  } catch (error) {
    if (error instanceof KeyError) throw error;
    throw new KeyError('unreadable', `${path} cannot be read: ${readErrorReason(error)}`);
  } finally {
    await file.close();
  }
}

/** Decodes UTF-8, and removes a byte order mark. */
function textOf(bytes: Buffer, path: string): string {
  if (isUtf16(bytes.toString('latin1', 0, 16))) throw new KeyError('malformed', `${path} was ${SAVE_AS_UTF_8}`);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new KeyError('malformed', `${path} is not UTF-8`);
  }
}
