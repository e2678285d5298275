/** `ajwtd jwks …`: which users are trusted by keys that are published elsewhere. */
import { CommandError, defineCommand, note, print, printable } from 'ajwt-cli-kit';
import { PRIVATE_HOSTS_OPTION, readPrivateHosts } from '../private-hosts.ts';
import { JSON_OPTION, keySetAsJson, printJson, printKeySets } from './listing.ts';
import { DATABASE_OPTION, everyItem, readWords, warnWhereUnaudited, withDirectory } from './with-directory.ts';

export const jwksAdd = defineCommand({
  name: 'ajwtd jwks add',
  usage: 'USER URL [--jwks-allow-private HOST]',
  about: [
    'Trusts a user by the keys of a JWK set, beside its own. A user who is not there yet is added. Whoever can write at that URL can sign as this user.',
    'The URL is https, without a name and password. It is not fetched now, but by a server, for the first request that needs it.',
  ],
  options: { ...DATABASE_OPTION, ...PRIVATE_HOSTS_OPTION },
  examples: ['ajwtd jwks add acme https://acme.example/.well-known/jwks.json'],
  async run(values, words, named) {
    const [username, url] = readWords(words, ['USER', 'URL']);
    const privateHosts = readPrivateHosts(values['jwks-allow-private'], named('jwks-allow-private'));
    await withDirectory(values, named('database'), async (directory) => {
      const options = { createUser: true, privateHosts };
      const { added, userAdded, jwks: keySet } = await directory.addJwks(username, url, options).catch(adviseOnPrivate);
      if (userAdded) note(`${printable(username)} was added`);
      note(`${printable(username)} ${added ? 'is trusted by this key set now' : 'is trusted by this key set already'}`);
      print(keySet.url);
    });
    return 0;
  },
});

function adviseOnPrivate(error: Error & { code?: string }): never {
  if (error.code !== 'forbidden_address') throw error;
  throw new CommandError(
    'the address in the URL is not public; if that is meant, give --jwks-allow-private, here and to `ajwtd serve`',
  );
}

export const jwksList = defineCommand({
  name: 'ajwtd jwks list',
  usage: '[USER] [--json]',
  about: ['Lists the JWK sets that a user is trusted by, or those of all.'],
  options: { ...DATABASE_OPTION, ...JSON_OPTION },
  examples: ['ajwtd jwks list', 'ajwtd jwks list acme --json'],
  async run(values, words, named) {
    const [username] = words.length === 0 ? [undefined] : readWords(words, ['USER']);
    const keySets = await withDirectory(values, named('database'), (directory) =>
      everyItem((after) => directory.listJwks({ username, after, limit: 1000 })),
    );
    if (values.json) printJson(keySets.map(keySetAsJson));
    else if (keySets.length === 0) note('no key sets; `ajwtd jwks add USER URL` trusts a user by one');
    else printKeySets(keySets);
    return 0;
  },
});

export const jwksRemove = defineCommand({
  name: 'ajwtd jwks remove',
  usage: 'USER URL',
  about: ['No longer trusts a user by a JWK set, from the next request on. Its own keys stay registered.'],
  options: DATABASE_OPTION,
  examples: ['ajwtd jwks remove acme https://acme.example/.well-known/jwks.json'],
  async run(values, words, named) {
    const [username, url] = readWords(words, ['USER', 'URL']);
    const changed = await withDirectory(values, named('database'), (directory) => directory.removeJwks(username, url));
    note(`${printable(username)} is no longer trusted by this key set`);
    warnWhereUnaudited(changed);
    return 0;
  },
});
