/** The command `ajwtd`, for the process and for tests. */
import { readFileSync } from 'node:fs';
import type { Program } from 'ajwt-cli-kit';
import { COMMANDS } from './commands.ts';

export const AJWTD: Program = {
  name: 'ajwtd',
  about: 'ajwtd authenticates signed HTTP requests and accepts each token only once.',
  version: () => JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')).version,
  commands: COMMANDS,
  environment: [
    ['AJWTD_DATABASE', 'database of users and keys, for every command'],
    ['AJWTD_CONFIG', 'configuration file, for every command with a database'],
    ['AJWTD_DATABASE_FILE, AJWTD_NONCES_FILE', 'files that contain these secrets'],
    ['AJWTD_…', 'every option of serve: AJWTD_LISTEN for --listen; separate several values with commas'],
  ],
  variables: async () => (await import('./variables.ts')).VARIABLES,
};
