/** Makes applications of frameworks that must be built, for tests. */
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { afterFile } from './after-file.ts';
import { environment, mustRun } from './run.ts';

// Inside the repository, so that imports of the packages find their sources.
const APPS = resolve(import.meta.dirname, '../../../test/.apps');

/**
 * Writes an application into a new folder, which is deleted after the tests of the file.
 *
 * @param files - the text of each file, by its path
 * @param modules - a folder `node_modules` with the framework, if it is not the repository's own
 * @returns the path of the folder
 */
export async function appFolder(files: Readonly<Record<string, string>>, modules?: string): Promise<string> {
  await mkdir(APPS, { recursive: true });
  const folder = await mkdtemp(join(APPS, 'app-'));
  afterFile(() => rm(folder, { recursive: true }));
  if (modules !== undefined) await symlink(modules, join(folder, 'node_modules'));
  for (const [path, text] of Object.entries({ 'package.json': '{ "type": "module" }', ...files })) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
  return folder;
}

/** Runs a Node program in the folder of an application, as in production. @returns what it printed */
export function runIn(folder: string, program: string, words: readonly string[]): Promise<string> {
  const env = environment({ NODE_ENV: 'production', ASTRO_TELEMETRY_DISABLED: '1' });
  return mustRun(process.execPath, [program, ...words], { cwd: folder, env });
}
