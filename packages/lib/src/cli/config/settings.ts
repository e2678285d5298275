/** Finds the settings for an origin, in the configuration file of `ajwt`. */
import { lstatSync } from 'node:fs';
import { devNull, homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { CommandError } from 'ajwt-cli-kit/command-error';
import type { IoStreams } from 'ajwt-cli-kit/io';
import { KeyError } from '../../keys/key-error.ts';
import type { OriginSettings } from './parse.ts';

/** Path of the file, as messages and the help show it. */
export const DEFAULT_PATH = '~/.config/ajwt/config';

/**
 * Finds the settings for an origin. Refuses the file if anyone except root and this user can write the file or its folder.
 *
 * @param origin - the origin as URLs contain it
 * @returns `undefined` if there is no file, or no section for the origin
 * @throws CommandError if the file cannot be used
 */
export async function findSettings(
  origin: string,
  { env }: Pick<IoStreams, 'env'>,
): Promise<OriginSettings | undefined> {
  const path = readPath(env);
  if (path === undefined) return undefined;
  const [{ readStrictFile }, { parseConfig }] = await Promise.all([
    import('../../keys/strict-file.ts'),
    import('./parse.ts'),
  ]);
  const text = await readStrictFile(path).catch((error) => {
    throw error instanceof KeyError ? new CommandError(`cannot use the configuration file: ${error.message}`) : error;
  });
  if (text !== undefined) return parseConfig(text, path).get(origin);
  if (env.AJWT_CONFIG === undefined) return undefined;
  throw new CommandError(`AJWT_CONFIG: ${path} does not exist`);
}

/** Returns the path of the file, or `undefined` if there is none to read. */
function readPath({ AJWT_CONFIG: given }: IoStreams['env']): string | undefined {
  if (given === devNull) return undefined;
  if (given === '') throw new CommandError('AJWT_CONFIG is empty; unset it, or give it a value');
  if (given !== undefined) return given.startsWith('~/') ? join(homedir(), given.slice(2)) : given;
  const path = join(homeFolder(), DEFAULT_PATH.slice(2));
  // With an empty HOME, the path would be relative to the working directory.
  return isAbsolute(path) && isThere(path) ? path : undefined;
}

/** Returns the home directory; an empty string if the user has none. */
function homeFolder(): string {
  try {
    return homedir();
  } catch {
    return '';
  }
}

function isThere(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch (error) {
    // The home directory of a service may be root's, which the service cannot enter.
    return !['EACCES', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '');
  }
}
