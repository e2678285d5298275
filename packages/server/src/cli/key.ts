/** `ajwtd key …`: which public keys count. */
import { CommandError, defineCommand, note, print, printable } from 'ajwt-cli-kit';
import type { DirectoryKey } from 'asymmetric-jwt-auth/sql';
import { readPublicKeys } from './key-source.ts';
import { day, JSON_OPTION, keyAsJson, printJson, printKeys } from './listing.ts';
import { DATABASE_OPTION, everyItem, readWords, warnWhereUnaudited, withDirectory } from './with-directory.ts';

export const keyAdd = defineCommand({
  name: 'ajwtd key add',
  usage: 'USER FILE|- [--comment TEXT] [--expires DATE] [--staged]',
  about: [
    'Registers a public key for a user, from a file or from standard input: an OpenSSH line (FILE.pub), PEM or JWK. A user who is not there yet is added.',
    'A running server knows the key with the next request. Prints the fingerprint of the key, as `ssh-keygen -l` does.',
    'With --allow-url, FILE may be an https:// URL of OpenSSH lines, github:NAME or gitlab:NAME: whoever can write there, or answers in its name, decides which keys are added.',
  ],
  choices: 'file',
  options: {
    ...DATABASE_OPTION,
    comment: { type: 'string', value: 'TEXT', help: 'for people; default the comment in the key' },
    expires: { type: 'string', value: 'DATE', help: 'day (UTC) from which the key no longer counts: 2027-12-31' },
    staged: { type: 'boolean', help: 'it is to replace another, which `ajwtd key retire` ends when this one was used' },
    'allow-shared': { type: 'boolean', help: 'also where another user has it: who signed is then who the token says' },
    'allow-url': { type: 'boolean', help: 'FILE may be a URL' },
  },
  examples: [
    'ajwtd key add guido guido.pub',
    'ajwt pubkey ~/.ssh/id_ed25519 | ajwtd key add guido -',
    'ajwtd key add guido github:gvanrossum --allow-url',
  ],
  async run(values, words, named) {
    const [username, source] = readWords(words, ['USER', 'FILE']);
    const options = {
      comment: values.comment,
      expires: values.expires === undefined ? undefined : readDate(values.expires, named('expires')),
      createUser: true,
      allowShared: values['allow-shared'],
      ...(values.staged ? { staged: true } : {}),
    };
    const keys = await readPublicKeys(source, values['allow-url']);
    await withDirectory(values, named('database'), async (directory) => {
      for (const key of keys) {
        const { added, userAdded, key: registered } = await directory.addKey(username, key, options);
        if (userAdded) note(`${printable(username)} was added`);
        const until = registered.expires === null ? '' : `, until ${day(registered.expires)}`;
        note(`${printable(username)} ${added ? 'has this key now' : 'has this key already'}${until}`);
        print(registered.fingerprint);
      }
    });
    return 0;
  },
});

/** @returns seconds since the epoch */
function readDate(text: string, option: string): number {
  const isDay = /^\d{4}-\d{2}-\d{2}$/.test(text);
  const isInstant = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2})?Z$/.test(text);
  const date = new Date(isDay || isInstant ? text : Number.NaN);
  // 2027-02-31 would become the third of March.
  if (Number.isNaN(date.getTime()) || date.toISOString().slice(0, 10) !== text.slice(0, 10)) {
    throw new CommandError(`${option}: must be a day, 2027-12-31, or an instant in UTC, 2027-12-31T23:59Z`);
  }
  if (date.getTime() <= Date.now()) {
    throw new CommandError(
      `${option}: ${text} is in the past; give a later date, or end the key now: ajwtd key revoke`,
    );
  }
  return date.getTime() / 1000;
}

export const keyList = defineCommand({
  name: 'ajwtd key list',
  usage: '[USER] [--json]',
  about: [
    'Lists the keys of a user, or of all. A key that was used or refused shows it a second later, and after that once a minute.',
  ],
  options: { ...DATABASE_OPTION, ...JSON_OPTION },
  examples: ['ajwtd key list', 'ajwtd key list guido --json'],
  async run(values, words, named) {
    const [username] = words.length === 0 ? [undefined] : readWords(words, ['USER']);
    const keys = await withDirectory(values, named('database'), (directory) =>
      everyItem((after) => directory.listKeys({ username, after, limit: 1000 })),
    );
    if (values.json) printJson(keys.map(keyAsJson));
    else if (keys.length === 0) note('no keys yet; `ajwtd key add USER FILE` registers one');
    else printKeys(keys);
    return 0;
  },
});

const KEY =
  'KEY is its fingerprint (SHA256:…), its kid, or its JWK thumbprint: `ajwtd key list` and `ajwt pubkey --fingerprint` show them.';

export const keySet = defineCommand({
  name: 'ajwtd key set',
  usage: 'KEY [--comment TEXT] [--expires DATE|never]',
  about: ['Changes the comment of a key, or when it expires.', KEY],
  options: {
    ...DATABASE_OPTION,
    comment: { type: 'string', value: 'TEXT', help: 'for people' },
    expires: { type: 'string', value: 'DATE', help: 'day (UTC) from which it no longer counts, or never' },
  },
  examples: ['ajwtd key set SHA256:uNiVztksCsDhcc0u9e8BrrJXVGDooEEqA1fH8XkM5pg --expires 2027-12-31'],
  async run(values, words, named) {
    const [id] = readWords(words, ['KEY']);
    const { comment, expires: date } = values;
    if (comment === undefined && date === undefined) throw new CommandError('give --comment or --expires');
    const expires = date === undefined ? undefined : date === 'never' ? null : readDate(date, named('expires'));
    const keys = await withDirectory(values, named('database'), (directory) =>
      directory.changeKey(id, { comment, expires }),
    );
    for (const key of keys) {
      note(`${nameOf(key)} ${key.expires === null ? 'does not expire' : `expires on ${day(key.expires)}`}`);
    }
    return 0;
  },
});

export const keyRetire = defineCommand({
  name: 'ajwtd key retire',
  usage: 'KEY [--force]',
  about: [
    'Ends a key that another one has replaced, from the next request on: not before another key of the user has let a request in. A staged key that was used is then an ordinary one. Registered again, the key counts again; one that may be in wrong hands is revoked instead.',
    KEY,
  ],
  options: { ...DATABASE_OPTION, force: { type: 'boolean', help: 'also where no other key was used so far' } },
  examples: ['ajwtd key retire SHA256:uNiVztksCsDhcc0u9e8BrrJXVGDooEEqA1fH8XkM5pg'],
  async run(values, words, named) {
    const [id] = readWords(words, ['KEY']);
    const { force } = values;
    const keys = await withDirectory(values, named('database'), (directory) =>
      directory.retireKey(id, { force }).catch(suggestForce),
    );
    for (const key of keys) {
      note(
        `${nameOf(key)} is retired; whoever still uses it is refused, and shows in the log and in \`ajwtd key list\``,
      );
    }
    return 0;
  },
});

function suggestForce(error: Error & { code?: string }): never {
  if (error.code !== 'not_replaced') throw error;
  throw new CommandError(`${error.message}; --force retires it all the same`);
}

export const keyRevoke = defineCommand({
  name: 'ajwtd key revoke',
  usage: 'KEY',
  about: [`Revokes a key, for good, from the next request on. ${KEY}`],
  options: DATABASE_OPTION,
  examples: ['ajwtd key revoke SHA256:uNiVztksCsDhcc0u9e8BrrJXVGDooEEqA1fH8XkM5pg'],
  async run(values, words, named) {
    const [id] = readWords(words, ['KEY']);
    const result = await withDirectory(values, named('database'), (directory) => directory.revokeKey(id));
    for (const key of result.keys) {
      note(
        `${nameOf(key)} ${result.revoked ? 'is revoked from now on' : `was revoked already, on ${day(key.revoked)}`}`,
      );
    }
    warnWhereUnaudited(result);
    return 0;
  },
});

function nameOf({ fingerprint, username }: DirectoryKey): string {
  return `the key ${fingerprint} of ${printable(username)}`;
}
