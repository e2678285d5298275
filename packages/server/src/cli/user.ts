/** `ajwtd user …`: manages the users that may send requests. */
import { type Command, defineCommand, printable } from 'ajwt-cli-kit';
import type { Directory } from 'asymmetric-jwt-auth/sql';
import {
  day,
  JSON_OPTION,
  keyAsJson,
  keySetAsJson,
  printJson,
  printKeySets,
  printKeys,
  printTable,
  userAsJson,
} from './listing.ts';
import { DATABASE_OPTION, everyItem, readCount, readWords, warnIfUnaudited, withDirectory } from './with-directory.ts';

/** Defines a command that changes one user. */
function changeOfUser(
  verb: string,
  about: string,
  change: (directory: Directory, username: string) => Promise<unknown>,
  done: string,
): Command {
  return defineCommand({
    name: `ajwtd user ${verb}`,
    usage: 'USER',
    about: [about],
    options: DATABASE_OPTION,
    examples: [`ajwtd user ${verb} guido`],
    async run(values, { words, named, io }) {
      const [username] = readWords(words, ['USER']);
      const changed = await withDirectory(io, values.database, named('database'), (directory) =>
        change(directory, username),
      );
      io.note(`${printable(username)} ${done}`);
      warnIfUnaudited(io, changed);
      return 0;
    },
  });
}

export const userAdd = changeOfUser(
  'add',
  'Adds a user without keys. `ajwtd key add` also adds the user if it does not exist.',
  (directory, username) => directory.addUser(username),
  'was added; register a public key with `ajwtd key add`',
);
export const userDisable = changeOfUser(
  'disable',
  'Refuses all requests from a user, starting with the next one. The keys of the user stay registered.',
  (directory, username) => directory.setDisabled(username, true),
  'is disabled: all its requests are now refused',
);
export const userEnable = changeOfUser(
  'enable',
  'Accepts requests from a disabled user again, starting with the next one.',
  (directory, username) => directory.setDisabled(username, false),
  'is enabled',
);
export const userRemove = changeOfUser(
  'remove',
  'Removes a user and its keys. Revoked keys stay revoked, for other users too. To keep the keys, use `ajwtd user disable` instead.',
  (directory, username) => directory.removeUser(username),
  'was removed, with its keys',
);

export const userList = defineCommand({
  name: 'ajwtd user list',
  usage: '[--search TEXT] [--after USER] [--limit N] [--json]',
  about: ['Lists users by name.'],
  options: {
    ...DATABASE_OPTION,
    search: { type: 'string', value: 'TEXT', help: 'only users whose name contains TEXT, ignoring case' },
    after: { type: 'string', value: 'USER', help: 'only users after USER in the list' },
    limit: { type: 'string', value: 'N', help: 'maximum number of users, 1 to 1000 (default: all)' },
    ...JSON_OPTION,
  },
  examples: ['ajwtd user list', 'ajwtd user list --search example.com --limit 20 --json'],
  async run(values, { words, named, io }) {
    readWords(words, []);
    const limit = values.limit === undefined ? undefined : readCount(values.limit, named('limit'));
    const users = await withDirectory(io, values.database, named('database'), async (directory) => {
      const { search, after: first } = values;
      if (limit !== undefined) return (await directory.listUsers({ search, after: first, limit })).items;
      return everyItem((after = first) => directory.listUsers({ search, after, limit: 1000 }));
    });
    if (values.json) printJson(io, users.map(userAsJson));
    else if (users.length === 0) io.note(values.search === undefined ? NO_USERS : 'no matching users');
    else {
      const rows = users.map(({ username, disabled, created }) => [
        username,
        disabled ? 'disabled' : 'enabled',
        day(created),
      ]);
      printTable(io, ['USER', 'STATE', 'CREATED'], rows);
    }
    return 0;
  },
});

const NO_USERS = 'no users yet; add one and its key with `ajwtd key add USER FILE`';

export const userShow = defineCommand({
  name: 'ajwtd user show',
  usage: 'USER [--json]',
  about: ['Shows a user, its keys and its JWK sets.'],
  options: { ...DATABASE_OPTION, ...JSON_OPTION },
  examples: ['ajwtd user show guido'],
  async run(values, { words, named, io }) {
    const [username] = readWords(words, ['USER']);
    const [user, keys, keySets] = await withDirectory(io, values.database, named('database'), async (directory) => {
      const found = await directory.getUser(username);
      const ofUser = (after: string | undefined) => ({ username, after, limit: 1000 });
      return [
        found,
        await everyItem((after) => directory.listKeys(ofUser(after))),
        await everyItem((after) => directory.listJwks(ofUser(after))),
      ] as const;
    });
    if (values.json) {
      printJson(io, { ...userAsJson(user), keys: keys.map(keyAsJson), keySets: keySets.map(keySetAsJson) });
      return 0;
    }
    io.print(`${printable(username)}: ${user.disabled ? 'disabled' : 'enabled'}, since ${day(user.created)}`);
    if (keys.length > 0) printKeys(io, keys);
    if (keySets.length > 0) printKeySets(io, keySets);
    if (keys.length + keySets.length === 0) io.note('no keys yet; register one with `ajwtd key add`');
    return 0;
  },
});
