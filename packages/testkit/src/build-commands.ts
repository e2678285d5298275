/**
 * Bundles `ajwt` and `ajwtd` before the tests (vitest.config.ts). Node starts a bundle in half the time that it takes to find, read and
 * strip each source file, and the tests start hundreds of processes.
 */
import { rmSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { rolldown } from 'rolldown';
import { COMMAND_SOURCES, commandFile } from './command-file.ts';

/** Bundles the commands once, although Vitest calls this for several projects. @returns a function that removes the bundles */
export default async function setup(): Promise<() => void> {
  if (process.env.AJWT_TEST_BUILD !== undefined) return () => {};
  process.env.AJWT_TEST_BUILD = `.built-${process.pid}`;
  const folders: string[] = [];
  for (const name of ['ajwt', 'ajwtd'] as const) {
    const file = commandFile(name);
    folders.push(dirname(dirname(file)));
    await bundle(COMMAND_SOURCES[name], file);
  }
  return () => {
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  };
}

/** Bundles the code of this repository. Other packages stay outside, as in the published commands. */
async function bundle(source: string, file: string): Promise<void> {
  const command = await rolldown({
    input: source,
    platform: 'node',
    resolve: { conditionNames: ['source', 'node', 'import', 'default'] },
    external: (name) => !/^[./#]|^ajwt-|^asymmetric-jwt-auth/.test(name),
  });
  await command.write({
    dir: dirname(file),
    format: 'esm',
    entryFileNames: basename(file),
    chunkFileNames: '[name]-[hash].mjs',
  });
}
