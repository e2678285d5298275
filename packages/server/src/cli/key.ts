/** `ajwtd key …`: which public keys count. */
import { PublicKey } from 'asymmetric-jwt-auth';
import {
  CommandError,
  defineCommand,
  isKeyText,
  note,
  print,
  printable,
  readStandardInput,
} from 'asymmetric-jwt-auth/internal/command-line';
import { day, JSON_OPTION, keyAsJson, printJson, printKeys } from './listing.ts';
import { DATABASE_OPTION, readWords, withDirectory } from './with-directory.ts';

/** Bytes after which standard input is no key. */
const MAX_INPUT = 16_385;

export const keyAdd = defineCommand({
  name: 'ajwtd key add',
  usage: 'USER FILE|- [--comment TEXT] [--expires DATE]',
  about: [
    'Registers a public key for a user, from a file or from standard input: an OpenSSH line (FILE.pub), PEM or JWK. A user who is not there yet is added.',
    'A running server knows the key with the next request. Prints the fingerprint of the key, as `ssh-keygen -l` does.',
  ],
  options: {
    ...DATABASE_OPTION,
    comment: { type: 'string', value: 'TEXT', help: 'for people; default the comment in the key' },
    expires: { type: 'string', value: 'DATE', help: 'day (UTC) from which the key no longer counts: 2027-12-31' },
  },
  examples: ['ajwtd key add guido guido.pub', 'ajwt pubkey ~/.ssh/id_ed25519 | ajwtd key add guido -'],
  async run(values, words, named) {
    const [username, file] = readWords(words, ['USER', 'FILE']);
    const expires = values.expires === undefined ? undefined : readDate(values.expires);
    const key = await readPublicKey(file);
    const {
      added,
      userAdded,
      key: registered,
    } = await withDirectory(values, named('database'), (directory) =>
      directory.addKey(username, key, { comment: values.comment, expires, createUser: true }),
    );
    if (userAdded) note(`${printable(username)} was added`);
    const until = registered.expires === null ? '' : `, until ${day(registered.expires)}`;
    note(`${printable(username)} ${added ? 'has this key now' : 'has this key already'}${until}`);
    print(registered.fingerprint);
    return 0;
  },
});

async function readPublicKey(file: string): Promise<PublicKey> {
  if (isKeyText(file)) throw new CommandError('give a file, or - for standard input, instead of the key itself');
  return file === '-' ? PublicKey.from(await readStandardInput(MAX_INPUT)) : PublicKey.fromFile(file);
}

/** @returns seconds since the epoch */
function readDate(text: string): number {
  const isDay = /^\d{4}-\d{2}-\d{2}$/.test(text);
  const isInstant = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2})?Z$/.test(text);
  const date = new Date(isDay || isInstant ? text : Number.NaN);
  // 2027-02-31 would become the third of March.
  if (Number.isNaN(date.getTime()) || date.toISOString().slice(0, 10) !== text.slice(0, 10)) {
    throw new CommandError('--expires: must be a day, 2027-12-31, or an instant in UTC, 2027-12-31T23:59Z');
  }
  return date.getTime() / 1000;
}

export const keyList = defineCommand({
  name: 'ajwtd key list',
  usage: '[USER] [--json]',
  about: ['Lists the keys of a user, or of all.'],
  options: { ...DATABASE_OPTION, ...JSON_OPTION },
  examples: ['ajwtd key list', 'ajwtd key list guido --json'],
  async run(values, words, named) {
    const [username] = words.length === 0 ? [undefined] : readWords(words, ['USER']);
    const keys = await withDirectory(values, named('database'), (directory) => directory.listKeys(username));
    if (values.json) printJson(keys.map(keyAsJson));
    else if (keys.length === 0) note('no keys yet; `ajwtd key add USER FILE` registers one');
    else printKeys(keys);
    return 0;
  },
});

export const keyRevoke = defineCommand({
  name: 'ajwtd key revoke',
  usage: 'KEY',
  about: [
    'Revokes a key, for good, from the next request on. KEY is its fingerprint (SHA256:…), its kid, or its JWK thumbprint: `ajwtd key list` and `ajwt pubkey --fingerprint` show them.',
  ],
  options: DATABASE_OPTION,
  examples: ['ajwtd key revoke SHA256:uNiVztksCsDhcc0u9e8BrrJXVGDooEEqA1fH8XkM5pg'],
  async run(values, words, named) {
    const [id] = readWords(words, ['KEY']);
    const { key, revoked } = await withDirectory(values, named('database'), (directory) => directory.revokeKey(id));
    const since = revoked ? 'is revoked from now on' : `was revoked already, on ${day(key.revoked)}`;
    note(`the key ${key.fingerprint} of ${printable(key.username)} ${since}`);
    return 0;
  },
});
