/** `ajwtd jwks …`: manages the JWK sets that are trusted for each user. */
import { CommandError, defineCommand, printable } from 'ajwt-cli-kit';
import { PRIVATE_HOSTS_OPTION, readPrivateHosts } from '../private-hosts.ts';
import { JSON_OPTION, keySetAsJson, printJson, printKeySets } from './listing.ts';
import { DATABASE_OPTION, everyItem, readWords, warnIfUnaudited, withDirectory } from './with-directory.ts';

export const jwksAdd = defineCommand({
  name: 'ajwtd jwks add',
  usage: 'USER URL [--jwks-allow-private HOST]',
  about: [
    'Trusts the keys of a JWK set for a user, in addition to the keys that are registered. Adds the user if it does not exist. Anyone who can write to that URL can sign as this user.',
    'The URL must be https, without a username or password. It is not fetched now, but by the server, for the first request that needs it.',
  ],
  options: { ...DATABASE_OPTION, ...PRIVATE_HOSTS_OPTION },
  examples: ['ajwtd jwks add acme https://acme.example/.well-known/jwks.json'],
  async run(values, { words, named, io }) {
    const [username, url] = readWords(words, ['USER', 'URL']);
    const privateHosts = readPrivateHosts(values['jwks-allow-private'], named('jwks-allow-private'));
    await withDirectory(io, values.database, named('database'), async (directory) => {
      const options = { createUser: true, privateHosts };
      const {
        added,
        userAdded,
        jwks: keySet,
      } = await directory.addJwks(username, url, options).catch(suggestAllowPrivate);
      if (userAdded) io.note(`${printable(username)} was added`);
      io.note(`this JWK set is ${added ? 'now' : 'already'} trusted for ${printable(username)}`);
      io.print(keySet.url);
    });
    return 0;
  },
});

function suggestAllowPrivate(error: Error & { code?: string }): never {
  if (error.code !== 'forbidden_address') throw error;
  throw new CommandError(
    'the address in the URL is not public; to allow it, pass --jwks-allow-private HOST here and to `ajwtd serve`',
  );
}

export const jwksList = defineCommand({
  name: 'ajwtd jwks list',
  usage: '[USER] [--json]',
  about: ['Lists the JWK sets that are trusted for one user, or for all users.'],
  options: { ...DATABASE_OPTION, ...JSON_OPTION },
  examples: ['ajwtd jwks list', 'ajwtd jwks list acme --json'],
  async run(values, { words, named, io }) {
    const [username] = words.length === 0 ? [undefined] : readWords(words, ['USER']);
    const keySets = await withDirectory(io, values.database, named('database'), (directory) =>
      everyItem((after) => directory.listJwks({ username, after, limit: 1000 })),
    );
    if (values.json) printJson(io, keySets.map(keySetAsJson));
    else if (keySets.length === 0) io.note('no JWK sets yet; add one with `ajwtd jwks add USER URL`');
    else printKeySets(io, keySets);
    return 0;
  },
});

export const jwksRemove = defineCommand({
  name: 'ajwtd jwks remove',
  usage: 'USER URL',
  about: ['Stops trusting a JWK set for a user, from the next request on. Registered keys of the user stay valid.'],
  options: DATABASE_OPTION,
  examples: ['ajwtd jwks remove acme https://acme.example/.well-known/jwks.json'],
  async run(values, { words, named, io }) {
    const [username, url] = readWords(words, ['USER', 'URL']);
    const changed = await withDirectory(io, values.database, named('database'), (directory) =>
      directory.removeJwks(username, url),
    );
    io.note(`this JWK set is no longer trusted for ${printable(username)}`);
    warnIfUnaudited(io, changed);
    return 0;
  },
});
