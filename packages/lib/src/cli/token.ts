/** `ajwt token`: signs a token for one request. */
import { CommandError } from 'ajwt-cli-kit/command-error';
import { defineCommand } from 'ajwt-cli-kit/define-command';
import type { Io } from 'ajwt-cli-kit/io';
import { refuseMoreWords } from 'ajwt-cli-kit/parse';
import { createAuthorization } from '../client/token.ts';
import type { Bind } from '../core/bind.ts';
import { bareTarget } from '../core/target.ts';
import { IDENTITY_OPTIONS, readSigningKey, readUsername } from './identity.ts';
import { readMethod, readUrl } from './request-line.ts';

export const token = defineCommand({
  name: 'ajwt token',
  usage: '--user NAME --key FILE [--audience A] [--bind METHOD URL]',
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
  },
  examples: [
    'ajwt token --user guido --key ~/.ssh/id_ed25519',
    'curl -H "Authorization: $(ajwt token --user guido --key guido)" https://api.example.com/me',
    'ajwt token --user guido --key guido --bind POST https://api.example.com/items?x=1',
  ],
  async run({ user, key: keyOption, 'passphrase-fd': passphraseFd, audience, bind: method }, { words, io }) {
    refuseMoreWords('ajwt token', words, method === undefined ? 0 : 1);
    const bind = readBind(audience, method, words[0], io);
    const username = readUsername(user, io);
    const key = await readSigningKey(keyOption, passphraseFd, io);
    io.print(await createAuthorization({ username, key, ...(bind === undefined ? {} : { bind }) }));
    return 0;
  },
});

function readBind(
  audience: string | undefined,
  method: string | undefined,
  given: string | undefined,
  io: Io,
): Omit<Bind, 'v'> | undefined {
  if (audience === '') throw new CommandError('--audience: must not be empty');
  if (method === undefined) return audience === undefined ? undefined : { aud: audience };
  if (given === undefined) throw new CommandError('--bind needs a method and a URL: --bind METHOD URL');
  const htm = readMethod(method);
  const url = readUrl(given);
  const target = url.pathname + url.search;
  if (!bareTarget(given).endsWith(url.pathname === '/' ? url.search : target)) {
    io.complain(`the token is bound to ${target}; send the request to exactly this path`);
  }
  return { aud: audience ?? url.origin, htm, target };
}
