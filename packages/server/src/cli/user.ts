/** `ajwtd user …`: who may send requests. */
import { type Command, defineCommand, note, print, printable } from 'asymmetric-jwt-auth/internal/command-line';
import type { Directory } from 'asymmetric-jwt-auth/sql';
import { day, JSON_OPTION, keyAsJson, printJson, printKeys, printTable, userAsJson } from './listing.ts';
import { DATABASE_OPTION, readWords, withDirectory } from './with-directory.ts';

/** A command that changes one user. */
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
    async run(values, words, named) {
      const [username] = readWords(words, ['USER']);
      await withDirectory(values, named('database'), (directory) => change(directory, username));
      note(`${printable(username)} ${done}`);
      return 0;
    },
  });
}

export const userAdd = changeOfUser(
  'add',
  'Adds a user, without keys. `ajwtd key add` adds one as well, where it is not there yet.',
  (directory, username) => directory.addUser(username),
  'was added; register its public key with `ajwtd key add`',
);
export const userDisable = changeOfUser(
  'disable',
  'Refuses all requests of a user, from the next one on. Its keys stay registered.',
  (directory, username) => directory.setDisabled(username, true),
  'is disabled: its requests are refused from now on',
);
export const userEnable = changeOfUser(
  'enable',
  'Lets a disabled user in again, from the next request on.',
  (directory, username) => directory.setDisabled(username, false),
  'is enabled',
);
export const userRemove = changeOfUser(
  'remove',
  'Removes a user and its keys. Those that were revoked stay so, also for others. `ajwtd user disable` keeps them all.',
  (directory, username) => directory.removeUser(username),
  'was removed, with its keys',
);

export const userList = defineCommand({
  name: 'ajwtd user list',
  usage: '[--json]',
  about: ['Lists the users, by name.'],
  options: { ...DATABASE_OPTION, ...JSON_OPTION },
  examples: ['ajwtd user list', 'ajwtd user list --json'],
  async run(values, words, named) {
    readWords(words, []);
    const users = await withDirectory(values, named('database'), (directory) => directory.listUsers());
    if (values.json) printJson(users.map(userAsJson));
    else if (users.length === 0) note('no users yet; `ajwtd key add USER FILE` adds one with its key');
    else {
      const rows = users.map(({ username, disabled, created }) => [
        username,
        disabled ? 'disabled' : 'enabled',
        day(created),
      ]);
      printTable(['USER', 'STATE', 'CREATED'], rows);
    }
    return 0;
  },
});

export const userShow = defineCommand({
  name: 'ajwtd user show',
  usage: 'USER [--json]',
  about: ['Shows a user and its keys.'],
  options: { ...DATABASE_OPTION, ...JSON_OPTION },
  examples: ['ajwtd user show guido'],
  async run(values, words, named) {
    const [username] = readWords(words, ['USER']);
    const [user, keys] = await withDirectory(values, named('database'), async (directory) => {
      return [await directory.getUser(username), await directory.listKeys(username)] as const;
    });
    if (values.json) {
      printJson({ ...userAsJson(user), keys: keys.map(keyAsJson) });
      return 0;
    }
    print(`${printable(username)}: ${user.disabled ? 'disabled' : 'enabled'}, since ${day(user.created)}`);
    if (keys.length > 0) printKeys(keys);
    else note('no keys yet; register one with `ajwtd key add`');
    return 0;
  },
});
