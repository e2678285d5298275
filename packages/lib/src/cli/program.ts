/** The client command `ajwt`, for the process and for tests. */
import { readFileSync } from 'node:fs';
import type { Program } from 'ajwt-cli-kit/program';
import { COMMANDS } from './commands.ts';

export const AJWT: Program = {
  name: 'ajwt',
  about: 'ajwt signs HTTP requests with a private key. Each token works only once.',
  version: () => JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')).version,
  commands: COMMANDS,
  environment: [
    ['AJWT_USER', 'username, unless --user is given'],
    ['AJWT_KEY', 'private key, unless --key is given: a file name or the key itself'],
    ['AJWT_PASSPHRASE', 'passphrase of an encrypted private key'],
    ['AJWT_BIND', '1 to bind every token to its request, as --bind does'],
    ['AJWT_CONFIG', 'configuration file (default: ~/.config/ajwt/config)'],
  ],
  variables: async () => ({
    prefix: 'AJWT_',
    known: ['AJWT_USER', 'AJWT_KEY', 'AJWT_PASSPHRASE', 'AJWT_BIND', 'AJWT_CONFIG'],
    // Kubernetes sets such variables for a service called ajwt, and the tests of this project set others.
    isOther: (name) => /^AJWT_(?:SERVICE_|PORT$|PORT_|TEST_|INTEROP_)/.test(name),
    unknown: 'warn',
  }),
};
