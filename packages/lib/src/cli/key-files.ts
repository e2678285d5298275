/** Writes the two files of a key pair, never over an existing file. */
import { lstat, open, unlink } from 'node:fs/promises';
import { CommandError } from 'ajwt-cli-kit/command-error';

/** Readable and writable only by the owner, as ssh requires for a private key. */
const PRIVATE_MODE = 0o600;
const PUBLIC_MODE = 0o644;

/**
 * Checks that neither file exists. Call this before you generate a key, which takes seconds for RSA.
 *
 * @throws CommandError if one of them exists, or if the path is not valid
 */
export async function refuseExisting(path: string): Promise<void> {
  if (path === '' || path.endsWith('/')) throw new CommandError('--out: must be a file name');
  if (path.endsWith('.pub'))
    throw new CommandError(`--out: must name the private key file; ${path} looks like a public key file`);
  for (const file of [path, `${path}.pub`]) {
    if (await exists(file)) throw fileExists(file);
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch {
    return false;
  }
}

/**
 * Writes both files, or neither.
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
    throw error.code === 'EEXIST' ? fileExists(path) : cannotWrite(path, error);
  });
  try {
    await file.writeFile(text);
    await file.sync();
  } catch (error) {
    await unlink(path);
    throw cannotWrite(path, error as NodeJS.ErrnoException);
  } finally {
    await file.close();
  }
}

function fileExists(path: string): CommandError {
  return new CommandError(`${path} already exists, so nothing was written; choose another --out`);
}

function cannotWrite(path: string, { code }: NodeJS.ErrnoException): CommandError {
  const reason = code === 'ENOENT' ? 'the folder does not exist' : (code ?? 'unknown error');
  return new CommandError(`cannot write ${path}: ${reason}; nothing was written`);
}
