/** The two files of a key pair: written once, never over another file. */
import { lstat, open, unlink } from 'node:fs/promises';
import { CommandError } from 'ajwt-cli-kit/command-error';

/** Read and write for the owner: what ssh asks of a private key. */
const PRIVATE_MODE = 0o600;
const PUBLIC_MODE = 0o644;

/**
 * Finds out early that a file is in the way: an RSA key takes seconds to make.
 *
 * @throws CommandError
 */
export async function refuseExisting(path: string): Promise<void> {
  if (path === '' || path.endsWith('/')) throw new CommandError('--out: must be a file name');
  if (path.endsWith('.pub'))
    throw new CommandError(`--out: must name the private key file; ${path} looks like a public key file`);
  for (const file of [path, `${path}.pub`]) {
    if (await isThere(file)) throw alreadyThere(file);
  }
}

async function isThere(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch {
    return false;
  }
}

/**
 * Writes both files, or none.
 *
 * @throws CommandError
 */
export async function writeKeyFiles(path: string, privateText: string, publicText: string): Promise<void> {
  await writeNew(path, privateText, PRIVATE_MODE);
  try {
    await writeNew(`${path}.pub`, publicText, PUBLIC_MODE);
  } catch (error) {
    await unlink(path);
    throw error;
  }
}

async function writeNew(path: string, text: string, mode: number): Promise<void> {
  const file = await open(path, 'wx', mode).catch((error: NodeJS.ErrnoException) => {
    throw error.code === 'EEXIST' ? alreadyThere(path) : notWritten(path, error);
  });
  try {
    await file.writeFile(text);
    await file.sync();
  } catch (error) {
    await unlink(path);
    throw notWritten(path, error as NodeJS.ErrnoException);
  } finally {
    await file.close();
  }
}

function alreadyThere(path: string): CommandError {
  return new CommandError(`${path} already exists, so nothing was written; choose another --out`);
}

function notWritten(path: string, { code }: NodeJS.ErrnoException): CommandError {
  const why = code === 'ENOENT' ? 'the folder does not exist' : (code ?? 'unknown error');
  return new CommandError(`cannot write ${path}: ${why}; nothing was written`);
}
