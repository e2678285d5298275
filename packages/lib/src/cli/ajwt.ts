#!/usr/bin/env node
/** The client command `ajwt`. */
import { readFileSync } from 'node:fs';
import { type Program, report, runProgram } from 'ajwt-cli-kit/program';
import { endQuietlyWithReader } from 'ajwt-cli-kit/terminal';
import { COMMANDS } from './commands.ts';

const program: Program = {
  name: 'ajwt',
  about: 'ajwt signs HTTP requests with a private key. Each token works only once.',
  version: () => JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')).version,
  commands: COMMANDS,
  environment: [
    ['AJWT_USER', 'username, unless --user is given'],
    ['AJWT_KEY', 'private key, unless --key is given: a file name or the key itself'],
    ['AJWT_PASSPHRASE', 'passphrase of an encrypted private key'],
  ],
  variables: {
    prefix: 'AJWT_',
    known: ['AJWT_USER', 'AJWT_KEY', 'AJWT_PASSPHRASE'],
    // Kubernetes sets some for a service called ajwt, and this project's tests set theirs.
    others: /^AJWT_(?:SERVICE_|PORT$|PORT_|TEST_|INTEROP_)/,
    unknown: 'warn',
  },
};

endQuietlyWithReader();
process.on('uncaughtException', (error) => process.exit(report(error)));
// A command that ends without having come to its end has failed.
process.exitCode = 1;
runProgram(program, process.argv.slice(2)).then((code) => {
  process.exitCode = code;
});
