/** The commands of `ajwt`. */

import type { CommandEntry } from 'ajwt-cli-kit/command';
import { completion } from 'ajwt-cli-kit/completion';

export const COMMANDS: ReadonlyMap<string, CommandEntry> = new Map([
  ['keygen', { summary: 'generate a key pair', load: async () => (await import('./keygen.ts')).keygen }],
  [
    'token',
    { summary: 'sign a token for one request and print it', load: async () => (await import('./token.ts')).token },
  ],
  ['fetch', { summary: 'send a signed HTTP request, like curl', load: async () => (await import('./fetch.ts')).fetch }],
  [
    'explain',
    {
      summary: 'decode a token and show which check it would fail',
      load: async () => (await import('./explain.ts')).explain,
    },
  ],
  [
    'pubkey',
    {
      summary: 'print the public half of a key, or its fingerprint',
      load: async () => (await import('./pubkey.ts')).pubkey,
    },
  ],
  ['completion', completion('ajwt')],
]);
