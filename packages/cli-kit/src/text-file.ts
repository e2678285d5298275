/** Reads text files that decide who gets access: configuration files, and files with a secret. */
import { KeyError } from '../../lib/src/keys/key-error.ts';
import { readStrictFile } from '../../lib/src/keys/strict-file.ts';
import { CommandError } from './command-error.ts';

/**
 * Reads a regular file that only root and the user of this process can write to.
 *
 * @param most - maximum size in bytes
 * @returns the text without a byte order mark
 * @throws CommandError that names the file, and never repeats its content
 */
export async function readTextFile(path: string, most: number): Promise<string> {
  const text = await readStrictFile(path).catch((error) => {
    throw error instanceof KeyError ? new CommandError(error.message) : error;
  });
  if (text === undefined) throw new CommandError(`${path} does not exist`);
  if (Buffer.byteLength(text) > most) throw new CommandError(`${path} is larger than ${most} bytes`);
  return text;
}

/** Maximum size of a secret, in bytes. */
const MAX_SECRET = 65_536;

/**
 * Reads a secret: one line, without the line break at its end.
 *
 * @throws CommandError that names the file, and never repeats its content
 */
export async function readSecretFile(path: string): Promise<string> {
  const secret = (await readTextFile(path, MAX_SECRET)).replace(/\r?\n$/, '');
  if (secret === '') throw new CommandError(`${path} is empty`);
  if (/\p{Cc}/u.test(secret)) throw new CommandError(`${path} must contain one line without control characters`);
  return secret;
}
