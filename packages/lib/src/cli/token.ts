/** `ajwt token`: signs a token for one request. */
import { CommandError } from 'ajwt-cli-kit/command-error';
import { defineCommand } from 'ajwt-cli-kit/define-command';
import type { Io } from 'ajwt-cli-kit/io';
import { refuseMoreWords } from 'ajwt-cli-kit/parse';
import { readFlag } from 'ajwt-cli-kit/sources';
import { createAuthorization } from '../client/token.ts';
import { bareTarget } from '../core/target.ts';
import { IDENTITY_OPTIONS, readIdentity } from './identity.ts';
import { readMethod, readUrl } from './request-line.ts';

export const token = defineCommand({
  name: 'ajwt token',
  usage: '--user NAME --key FILE [--header] [--bind METHOD URL]',
  about: [
    'Signs a token and prints the value for the Authorization header: JWT eyJ…',
    'The token works for one request, within 20 seconds. Without --bind it works for any request; with --bind, only for that method and URL.',
  ],
  options: {
    ...IDENTITY_OPTIONS,
    audience: {
      type: 'string',
      value: 'A',
      help: 'service that the token is for (default with --bind: the origin of URL)',
    },
    bind: { type: 'string', value: 'METHOD URL', help: 'restrict the token to this method and URL' },
    header: { type: 'boolean', help: 'print the whole header line, for `curl -H @FILE`' },
  },
  examples: [
    'ajwt token --user guido --key ~/.ssh/id_ed25519',
    'ajwt token --user guido --key guido --bind POST https://api.example.com/items?x=1',
    'curl -q -g -H @<(ajwt token --header --bind GET https://api.example.com/me) --no-location --retry 0 https://api.example.com/me',
  ],
  async run(values, { words, io }) {
    const { bind: method, header } = values;
    refuseMoreWords('ajwt token', words, method === undefined ? 0 : 1);
    const request = method === undefined ? undefined : readRequest(method, words[0], io);
    if (request === undefined && readFlag('AJWT_BIND', io.env.AJWT_BIND ?? '0')) {
      throw new CommandError('AJWT_BIND requires --bind METHOD URL; unset it to sign a token for any request');
    }
    const { username, key, audience: aud = request?.origin } = await readIdentity(values, request?.origin, io);
    const bind = aud === undefined ? {} : { bind: { aud, ...request?.bind } };
    const authorization = await createAuthorization({ username, key, ...bind });
    io.print(header ? `Authorization: ${authorization}` : authorization);
    return 0;
  },
});

/** Reads the request that the token is bound to. */
function readRequest(given: string, givenUrl: string | undefined, io: Io) {
  if (givenUrl === undefined) throw new CommandError('--bind needs a method and a URL: --bind METHOD URL');
  const htm = readMethod(given);
  const url = readUrl(givenUrl);
  const target = url.pathname + url.search;
  if (!bareTarget(givenUrl).endsWith(url.pathname === '/' ? url.search : target)) {
    io.complain(`the token is bound to ${target}; send the request to exactly this path`);
  }
  return { origin: url.origin, bind: { htm, target } };
}
