#!/usr/bin/env node
/** The server's command `ajwtd`. */
import { readFileSync } from 'node:fs';
import { endQuietlyWithReader, type Program, report, runProgram } from 'ajwt-cli-kit';
import { COMMANDS } from './commands.ts';
import { VARIABLES } from './variables.ts';

const program: Program = {
  name: 'ajwtd',
  about: 'ajwtd authenticates signed HTTP requests and accepts each token only once.',
  version: () => JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')).version,
  commands: COMMANDS,
  environment: [
    ['AJWTD_DATABASE', 'database of users and keys, for every command'],
    ['AJWTD_…', 'every option of serve: AJWTD_LISTEN for --listen; separate several values with commas'],
  ],
  variables: VARIABLES,
};

endQuietlyWithReader();
process.on('uncaughtException', (error) => process.exit(report(error)));
process.exitCode = await runProgram(program, process.argv.slice(2));
