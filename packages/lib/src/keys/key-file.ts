/** Reads key files on Node. */
import { constants, open } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { MAX_KEY_TEXT } from './format.ts';
import { KeyError } from './key-error.ts';
import { readErrorReason } from './read-error.ts';

/**
 * Reads a key file.
 *
 * @param path - the path of the file; a leading `~` means the home directory
 * @throws KeyError `unreadable` or `too_large`
 */
export async function readKeyFile(path: string): Promise<string> {
  const full = path === '~' || path.startsWith('~/') ? join(homedir(), path.slice(1)) : path;
  let file: Awaited<ReturnType<typeof open>> | undefined;
  try {
    // Without O_NONBLOCK, opening a named pipe would block.
    file = await open(full, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    if (!(await file.stat()).isFile()) throw new KeyError('unreadable', `${path} is not a regular file`);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(MAX_KEY_TEXT + 1), 0, MAX_KEY_TEXT + 1, 0);
    if (bytesRead > MAX_KEY_TEXT)
      throw new KeyError('too_large', `${path} is larger than ${MAX_KEY_TEXT} bytes, so it is not a key file`);
    return buffer.toString('utf8', 0, bytesRead);
  } catch (error) {
    if (error instanceof KeyError) throw error;
    throw new KeyError('unreadable', `${path} cannot be read: ${readErrorReason(error)}`);
  } finally {
    await file?.close();
  }
}
