/** Lines of an authorized_keys file (sshd(8), AUTHORIZED_KEYS FILE FORMAT), as spec/AUTHORIZED_KEYS.md has them. */
import { isUsername } from '../../core/claims.ts';
import { type IpNetwork, isInNetwork, parseIpAddress, parseIpNetwork } from '../../core/ip-address.ts';
import { KeyError } from '../../keys/key-error.ts';
import { PublicKey } from '../../keys/public-key.ts';

/** A key, and what its line says of it. */
export interface AuthorizedKey {
  readonly key: PublicKey;
  /** Whose it is, where the line says it. */
  readonly user: string | undefined;
  /** Seconds since the epoch from which the key no longer counts. */
  readonly expires: number | undefined;
  /** Whether it may be used from an address; `undefined` = from everywhere. */
  readonly permits: ((address: string | undefined) => boolean) | undefined;
}

interface Options {
  user?: string;
  expires?: number;
  permits?: AuthorizedKey['permits'];
}

/** Options with a value. Each is given once at most: of two, one would silently not count. */
const VALUED: Readonly<Record<string, (options: Options, value: string) => void>> = {
  user: (options, value) => {
    if (!isUsername(value)) throw new KeyError('malformed', 'user: no token can have that name');
    options.user = value;
  },
  from: (options, value) => {
    options.permits = readFrom(value);
  },
  'expiry-time': (options, value) => {
    options.expires = readExpiry(value);
  },
};

/** What sshd takes away, or gives back, of a session. Here is no session, so that nothing is lost. */
const OF_SESSIONS = [
  ...['restrict', 'pty', 'no-pty', 'agent-forwarding', 'no-agent-forwarding', 'port-forwarding', 'no-port-forwarding'],
  ...['x11-forwarding', 'no-x11-forwarding', 'user-rc', 'no-user-rc', 'no-touch-required'],
];

const OPTION = /^([A-Za-z][A-Za-z0-9-]*)(?:="((?:[^"\\]|\\.)*)")?(?:,|[ \t]+|$)/s;
const KEY_TYPE = /^(?:ssh-|ecdsa-|sk-|rsa-sha2-)[a-z0-9@.-]+[ \t]/;
const SECOND_KEY = /[ \t](?:ssh-|ecdsa-|sk-)[a-z0-9@.-]+[ \t]+AAAA/;
const MAX_LINE = 16_384;

/**
 * Reads one line.
 *
 * @param line - without its line end
 * @returns the key, or `undefined` for an empty line and a comment
 * @throws KeyError for whatever else: the message says why, and does not repeat the line
 */
export function readAuthorizedLine(line: string): AuthorizedKey | undefined {
  if (line.length > MAX_LINE) throw new KeyError('too_large', 'the line is too long');
  const text = trimmed(line);
  if (text === '' || text.startsWith('#')) return undefined;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  if (/[\u0000-\u0008\u000b-\u001f\u007f]/.test(text)) throw new KeyError('malformed', 'there are control characters');
  const options: Options = {};
  const key = PublicKey.from(keyIn(text.slice(readOptions(text, options))));
  return { key, user: options.user, expires: options.expires, permits: options.permits };
}

/** Without blanks at its ends. A pattern for the end would look at each blank inside as well, and at all behind it, once for each. */
function trimmed(line: string): string {
  let end = line.length;
  while (end > 0 && ' \t\r'.includes(line[end - 1] as string)) end--;
  return line.slice(0, end).replace(/^[ \t]+/, '');
}

/** Of the formats of keys, only one belongs here. */
function keyIn(text: string): string {
  if (!KEY_TYPE.test(text)) throw new KeyError('malformed', 'there is no OpenSSH public key behind the options');
  if (SECOND_KEY.test(text)) throw new KeyError('malformed', 'there are two keys in the line; a line end is missing');
  return text;
}

/** @returns where the key begins */
function readOptions(text: string, options: Options): number {
  if (KEY_TYPE.test(text)) return 0;
  const seen = new Set<string>();
  for (let at = 0; ; ) {
    const [all, word, value] = OPTION.exec(text.slice(at)) ?? [];
    if (all === undefined || word === undefined)
      throw new KeyError('malformed', 'the options before the key cannot be read');
    const name = word.toLowerCase();
    if (seen.has(name)) throw new KeyError('malformed', `the option ${known(name)} stands there twice`);
    seen.add(name);
    readOption(options, name, value?.replace(/\\"/g, '"'));
    at += all.length;
    if (!all.endsWith(',')) return at;
  }
}

function readOption(options: Options, name: string, value: string | undefined): void {
  if (value === undefined && OF_SESSIONS.includes(name)) return;
  const read = Object.hasOwn(VALUED, name) ? VALUED[name] : undefined;
  // What it would have restricted is not known: without it the key could do more than was meant.
  if (read === undefined) throw new KeyError('unsupported', `the option ${known(name)} is not taken`);
  if (value === undefined) throw new KeyError('malformed', `the option ${name} needs a value in quotes`);
  read(options, value);
}

/** For a message: a short word, which may be anybody's. */
function known(name: string): string {
  return name.length <= 40 ? name : 'of a long name';
}

/** Addresses and networks; one with `!` before it is never permitted, whatever else there is. */
function readFrom(value: string): (address: string | undefined) => boolean {
  const permitted: IpNetwork[] = [];
  const refused: IpNetwork[] = [];
  for (const part of value.split(',')) {
    const [negation, text] = part.startsWith('!') ? [true, part.slice(1)] : [false, part];
    const network = parseIpNetwork(text);
    if (network === undefined) {
      throw new KeyError(
        'malformed',
        'from: must be addresses and networks such as 192.0.2.0/24, without names and wildcards',
      );
    }
    (negation ? refused : permitted).push(network);
  }
  return (text) => {
    const address = text === undefined ? undefined : parseIpAddress(text.replace(/%.*$/, ''));
    if (address === undefined) return false;
    const isIn = (network: IpNetwork) => isInNetwork(address, network);
    return permitted.some(isIn) && !refused.some(isIn);
  };
}

const EXPIRY = /^(\d{4})(\d\d)(\d\d)(?:(\d\d)(\d\d)(\d\d)?)?(Z?)$/;

/** `YYYYMMDD[HHMM[SS]]`, in the time zone of the system, or in UTC with `Z` behind it. */
function readExpiry(value: string): number {
  const [all, year, month, day, hour = '00', minute = '00', second = '00', zone] = EXPIRY.exec(value) ?? [];
  const written = `${year}-${month}-${day}T${hour}:${minute}:${second}`;
  const isReal = all !== undefined && new Date(`${written}Z`).toJSON()?.startsWith(written) === true;
  if (!isReal)
    throw new KeyError(
      'malformed',
      'expiry-time: must be a date YYYYMMDD, or YYYYMMDDHHMM[SS], perhaps with Z for UTC',
    );
  return Date.parse(`${written}${zone}`) / 1000;
}
