import { join, resolve } from 'node:path';

/** The source of each command. */
export const COMMAND_SOURCES = { ajwt: 'packages/lib/src/cli/ajwt.ts', ajwtd: 'packages/server/src/cli/ajwtd.ts' };

/**
 * Returns the path of a command: its bundle, if the variable `AJWT_TEST_BUILD` names a folder for bundles (build-commands.ts), or else its
 * source. The folder is next to `src`, and a bundle is as deep in it as the source is in `src`, because commands read files of their package.
 */
export function commandFile(name: keyof typeof COMMAND_SOURCES): string {
  const folder = process.env.AJWT_TEST_BUILD;
  const source = resolve(COMMAND_SOURCES[name]);
  return folder === undefined ? source : join(source, '../../..', folder, 'cli', `${name}.mjs`);
}
