/** `ajwtd key …`: manages the public keys of users. */
import { CommandError, defineCommand, printable } from 'ajwt-cli-kit';
import type { DirectoryKey } from 'asymmetric-jwt-auth/sql';
import { readPublicKeys } from './key-source.ts';
import { day, JSON_OPTION, keyAsJson, printJson, printKeys } from './listing.ts';
import { DATABASE_OPTION, everyItem, readWords, warnIfUnaudited, withDirectory } from './with-directory.ts';

export const keyAdd = defineCommand({
  name: 'ajwtd key add',
  usage: 'USER FILE|- [--comment TEXT] [--expires DATE] [--staged]',
  about: [
    'Registers a public key for a user, from a file or standard input: an OpenSSH line (FILE.pub), PEM or JWK. Adds the user if it does not exist.',
    'A running server accepts the key from the next request on. Prints the fingerprint of the key, as `ssh-keygen -l` does.',
    'With --allow-url, FILE may be an https:// URL of OpenSSH lines, github:NAME or gitlab:NAME. Anyone who controls that URL decides which keys are added.',
  ],
  choices: 'file',
  options: {
    ...DATABASE_OPTION,
    comment: { type: 'string', value: 'TEXT', help: 'comment for people (default: the comment in the key)' },
    expires: {
      type: 'string',
      value: 'DATE',
      help: 'first day (UTC) on which the key is not accepted, such as 2027-12-31',
    },
    staged: {
      type: 'boolean',
      help: 'mark the key as a replacement; once it has been used, retire the old key with `ajwtd key retire`',
    },
    'allow-shared': {
      type: 'boolean',
      help: 'allow a key that another user already has; each of them can then sign as the other',
    },
    'allow-url': { type: 'boolean', help: 'allow FILE to be a URL' },
  },
  examples: [
    'ajwtd key add guido guido.pub',
    'ajwt pubkey ~/.ssh/id_ed25519 | ajwtd key add guido -',
    'ajwtd key add guido github:gvanrossum --allow-url',
  ],
  async run(values, { words, named, io }) {
    const [username, source] = readWords(words, ['USER', 'FILE']);
    const options = {
      comment: values.comment,
      expires: values.expires === undefined ? undefined : readDate(values.expires, named('expires')),
      createUser: true,
      allowShared: values['allow-shared'],
      ...(values.staged ? { staged: true } : {}),
    };
    const keys = await readPublicKeys(source, values['allow-url'], io);
    await withDirectory(io, values.database, named('database'), async (directory) => {
      for (const key of keys) {
        const { added, userAdded, key: registered } = await directory.addKey(username, key, options);
        if (userAdded) io.note(`${printable(username)} was added`);
        const until = registered.expires === null ? '' : `, until ${day(registered.expires)}`;
        io.note(`${printable(username)} ${added ? 'now' : 'already'} has this key${until}`);
        io.print(registered.fingerprint);
      }
    });
    return 0;
  },
});

/** Parses a date or time in the future. @returns seconds since the epoch */
function readDate(text: string, option: string): number {
  const isDay = /^\d{4}-\d{2}-\d{2}$/.test(text);
  const isInstant = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2})?Z$/.test(text);
  const date = new Date(isDay || isInstant ? text : Number.NaN);
  // Date would accept 2027-02-31, as March 3.
  if (Number.isNaN(date.getTime()) || date.toISOString().slice(0, 10) !== text.slice(0, 10)) {
    throw new CommandError(`${option}: must be a date (2027-12-31) or a time in UTC (2027-12-31T23:59Z)`);
  }
  if (date.getTime() <= Date.now()) {
    throw new CommandError(
      `${option}: ${text} is in the past; give a later date, or revoke the key with \`ajwtd key revoke\``,
    );
  }
  return date.getTime() / 1000;
}

export const keyList = defineCommand({
  name: 'ajwtd key list',
  usage: '[USER] [--json]',
  about: [
    'Lists the keys of one user, or of all users. LAST USED and REFUSED are updated a second after the first use or refusal, and then at most once a minute.',
  ],
  options: { ...DATABASE_OPTION, ...JSON_OPTION },
  examples: ['ajwtd key list', 'ajwtd key list guido --json'],
  async run(values, { words, named, io }) {
    const [username] = words.length === 0 ? [undefined] : readWords(words, ['USER']);
    const keys = await withDirectory(io, values.database, named('database'), (directory) =>
      everyItem((after) => directory.listKeys({ username, after, limit: 1000 })),
    );
    if (values.json) printJson(io, keys.map(keyAsJson));
    else if (keys.length === 0) io.note('no keys yet; register one with `ajwtd key add USER FILE`');
    else printKeys(io, keys);
    return 0;
  },
});

const KEY =
  'KEY is the fingerprint (SHA256:…), kid or JWK thumbprint of the key: see `ajwtd key list` or `ajwt pubkey --fingerprint`.';

export const keySet = defineCommand({
  name: 'ajwtd key set',
  usage: 'KEY [--comment TEXT] [--expires DATE|never]',
  about: ['Changes the comment or expiry date of a key.', KEY],
  options: {
    ...DATABASE_OPTION,
    comment: { type: 'string', value: 'TEXT', help: 'new comment, for people' },
    expires: { type: 'string', value: 'DATE', help: 'first day (UTC) on which the key is not accepted, or never' },
  },
  examples: ['ajwtd key set SHA256:uNiVztksCsDhcc0u9e8BrrJXVGDooEEqA1fH8XkM5pg --expires 2027-12-31'],
  async run(values, { words, named, io }) {
    const [id] = readWords(words, ['KEY']);
    const { comment, expires: date } = values;
    if (comment === undefined && date === undefined)
      throw new CommandError('nothing to change; give --comment or --expires');
    const expires = date === undefined ? undefined : date === 'never' ? null : readDate(date, named('expires'));
    const keys = await withDirectory(io, values.database, named('database'), (directory) =>
      directory.changeKey(id, { comment, expires }),
    );
    for (const key of keys) {
      io.note(`${nameOf(key)} ${key.expires === null ? 'does not expire' : `expires on ${day(key.expires)}`}`);
    }
    return 0;
  },
});

export const keyRetire = defineCommand({
  name: 'ajwtd key retire',
  usage: 'KEY [--force]',
  about: [
    'Retires a key that has been replaced, from the next request on. Fails until a request with another key of the user has been accepted. A staged key that has been used then becomes an ordinary key. You can register a retired key again; if a key may be compromised, revoke it instead.',
    KEY,
  ],
  options: {
    ...DATABASE_OPTION,
    force: { type: 'boolean', help: 'retire the key even if no other key has been used yet' },
  },
  examples: ['ajwtd key retire SHA256:uNiVztksCsDhcc0u9e8BrrJXVGDooEEqA1fH8XkM5pg'],
  async run(values, { words, named, io }) {
    const [id] = readWords(words, ['KEY']);
    const { force } = values;
    const keys = await withDirectory(io, values.database, named('database'), (directory) =>
      directory.retireKey(id, { force }).catch(suggestForce),
    );
    for (const key of keys) {
      io.note(
        `${nameOf(key)} is retired; requests that still use it are refused, and appear in the log and in \`ajwtd key list\``,
      );
    }
    return 0;
  },
});

function suggestForce(error: Error & { code?: string }): never {
  if (error.code !== 'not_replaced') throw error;
  throw new CommandError(`${error.message}; use --force to retire it anyway`);
}

export const keyRevoke = defineCommand({
  name: 'ajwtd key revoke',
  usage: 'KEY',
  about: [`Revokes a key permanently, from the next request on. ${KEY}`],
  options: DATABASE_OPTION,
  examples: ['ajwtd key revoke SHA256:uNiVztksCsDhcc0u9e8BrrJXVGDooEEqA1fH8XkM5pg'],
  async run(values, { words, named, io }) {
    const [id] = readWords(words, ['KEY']);
    const result = await withDirectory(io, values.database, named('database'), (directory) => directory.revokeKey(id));
    for (const key of result.keys) {
      io.note(`${nameOf(key)} ${result.revoked ? 'is now revoked' : `was already revoked on ${day(key.revoked)}`}`);
    }
    warnIfUnaudited(io, result);
    return 0;
  },
});

function nameOf({ fingerprint, username }: DirectoryKey): string {
  return `the key ${fingerprint} of ${printable(username)}`;
}
