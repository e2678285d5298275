/** Reads the lines of an authorized_keys file (sshd(8), AUTHORIZED_KEYS FILE FORMAT), as spec/AUTHORIZED_KEYS.md describes. */
import { isUsername } from '../../core/claims.ts';
import { type IpNetwork, isInNetwork, parseIpAddress, parseIpNetwork } from '../../core/ip-address.ts';
import { KeyError } from '../../keys/key-error.ts';
import { PublicKey } from '../../keys/public-key.ts';

/** A key and the options of its line. */
export interface AuthorizedKey {
  readonly key: PublicKey;
  /** The user that the line names, if any. */
  readonly user: string | undefined;
  /** When the key expires, in seconds since the epoch. */
  readonly expires: number | undefined;
  /** Reports whether the key may be used from an address; `undefined` if every address is permitted. */
  readonly permits: ((address: string | undefined) => boolean) | undefined;
}

interface Options {
  user?: string;
  expires?: number;
  permits?: AuthorizedKey['permits'];
}

/** Options with a value. A repeated option is refused, because one of its values would be ignored silently. */
const VALUED: Readonly<Record<string, (options: Options, value: string) => void>> = {
  user: (options, value) => {
    if (!isUsername(value)) throw new KeyError('malformed', 'the option user is not a valid username');
    options.user = value;
  },
  from: (options, value) => {
    options.permits = readFrom(value);
  },
  'expiry-time': (options, value) => {
    options.expires = readExpiry(value);
  },
};

/** Options that restrict an SSH session. They are ignored, because there is no session here. */
const SESSION_OPTIONS = [
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
 * @param line - the line without its line end
 * @returns the key, or `undefined` if the line is empty or a comment
 * @throws KeyError if the line is not valid; the message does not contain the line
 */
export function readAuthorizedLine(line: string): AuthorizedKey | undefined {
  if (line.length > MAX_LINE) throw new KeyError('too_large', 'the line is too long');
  const text = trimmed(line);
  if (text === '' || text.startsWith('#')) return undefined;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the regex finds control characters
  if (/[\u0000-\u0008\u000b-\u001f\u007f]/.test(text))
    throw new KeyError('malformed', 'the line contains control characters; remove them');
  const options: Options = {};
  const key = PublicKey.from(keyIn(text.slice(readOptions(text, options))));
  return { key, user: options.user, expires: options.expires, permits: options.permits };
}

/** Removes blanks at both ends. A regular expression for the trailing blanks would take quadratic time on a line with many inner blanks. */
function trimmed(line: string): string {
  let end = line.length;
  while (end > 0 && ' \t\r'.includes(line[end - 1] as string)) end--;
  return line.slice(0, end).replace(/^[ \t]+/, '');
}

/**
 * Checks that a string begins with one OpenSSH public key, and has no second one.
 *
 * @throws KeyError `malformed`
 */
function keyIn(text: string): string {
  if (!KEY_TYPE.test(text)) throw new KeyError('malformed', 'there is no OpenSSH public key after the options');
  if (SECOND_KEY.test(text)) throw new KeyError('malformed', 'the line contains two keys; put each on its own line');
  return text;
}

/** Reads the options before a key, and returns the index at which the key begins. */
function readOptions(text: string, options: Options): number {
  if (KEY_TYPE.test(text)) return 0;
  const seen = new Set<string>();
  for (let at = 0; ; ) {
    const [all, word, value] = OPTION.exec(text.slice(at)) ?? [];
    if (all === undefined || word === undefined)
      throw new KeyError('malformed', 'the options before the key are not valid');
    const name = word.toLowerCase();
    if (seen.has(name)) throw new KeyError('malformed', `the option ${shown(name)} is given twice`);
    seen.add(name);
    readOption(options, name, value?.replace(/\\"/g, '"'));
    at += all.length;
    if (!all.endsWith(',')) return at;
  }
}

function readOption(options: Options, name: string, value: string | undefined): void {
  if (value === undefined && SESSION_OPTIONS.includes(name)) return;
  const read = Object.hasOwn(VALUED, name) ? VALUED[name] : undefined;
  // Ignoring an option that restricts a key would give the key more rights than intended.
  if (read === undefined) throw new KeyError('unsupported', `the option ${shown(name)} is not supported`);
  if (value === undefined) throw new KeyError('malformed', `the option ${name} needs a value in quotes`);
  read(options, value);
}

/** Returns the name of an option for an error message. */
function shown(name: string): string {
  return name.length <= 40 ? name : 'with a long name';
}

/** Reads a list of addresses and networks. An entry with a leading `!` refuses its addresses, even if another entry permits them. */
function readFrom(value: string): (address: string | undefined) => boolean {
  const permitted: IpNetwork[] = [];
  const refused: IpNetwork[] = [];
  for (const part of value.split(',')) {
    const [negation, text] = part.startsWith('!') ? [true, part.slice(1)] : [false, part];
    const network = parseIpNetwork(text);
    if (network === undefined) {
      throw new KeyError(
        'malformed',
        'the option from must list addresses or networks, such as 192.0.2.0/24; names and wildcards are not supported',
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

/** Reads a time `YYYYMMDD[HHMM[SS]]`. It is in UTC if `Z` follows, and otherwise in the time zone of the system. */
function readExpiry(value: string): number {
  const [all, year, month, day, hour = '00', minute = '00', second = '00', zone] = EXPIRY.exec(value) ?? [];
  const written = `${year}-${month}-${day}T${hour}:${minute}:${second}`;
  const isReal = all !== undefined && new Date(`${written}Z`).toJSON()?.startsWith(written) === true;
  if (!isReal)
    throw new KeyError(
      'malformed',
      'the option expiry-time must be YYYYMMDD or YYYYMMDDHHMM[SS], followed by Z for UTC',
    );
  return Date.parse(`${written}${zone}`) / 1000;
}
