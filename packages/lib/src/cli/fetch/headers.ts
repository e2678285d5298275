/** Reads request headers, in the syntax of curl. */
import { CommandError } from 'ajwt-cli-kit/command-error';

/** `Name: value`; `Name:` removes a default header; `Name;` sends an empty value. */
const HEADER = /^([\w!#$%&'*+.^`|~-]+)(?::[ \t]*(.*?)|(;))[ \t]*$/;

/** Headers that `-H` cannot set: the token, and those that delimit the body. Servers treat duplicates differently. */
const RESERVED = ['authorization', 'content-length', 'transfer-encoding'];

/**
 * Reads the headers.
 *
 * @param given - values of `-H`
 * @param defaults - headers to send unless replaced, from other options
 * @param cookies - values of `-b`
 * @returns values by lower-case name; repeated headers are one list (RFC 9110 §5.3)
 * @throws CommandError if one is not valid; the message never repeats the value, which may be a secret
 */
export function readHeaders(
  given: readonly string[],
  defaults: Readonly<Record<string, string>>,
  cookies: readonly string[] = [],
): Map<string, string> {
  const headers = new Map(Object.entries(defaults).map(([name, value]) => [name, byteString(name, value)]));
  const ours = new Set(Object.keys(defaults));
  for (const line of given) {
    const [, name, value = '', empty] = HEADER.exec(line) ?? [];
    if (name === undefined) throw new CommandError("-H: must be 'Name: value', on one line");
    const key = name.toLowerCase();
    if (RESERVED.includes(key)) throw new CommandError(`-H: ${name} cannot be set; ajwt sets it`);
    if (ours.delete(key)) headers.delete(key);
    if (value === '' && empty === undefined) continue;
    const before = headers.get(key);
    const bytes = byteString(name, value);
    // Cookies have their own separator (RFC 6265 §5.4).
    headers.set(key, before === undefined ? bytes : `${before}${key === 'cookie' ? '; ' : ', '}${bytes}`);
  }
  if (cookies.length > 0) {
    if (cookies.some((one) => !one.includes('='))) {
      throw new CommandError('-b: must be NAME=VALUE; cookie files are not supported');
    }
    const more = byteString('cookie', cookies.join('; '));
    headers.set('cookie', headers.has('cookie') ? `${headers.get('cookie')}; ${more}` : more);
  }
  return headers;
}

/** Encodes a value as UTF-8, one character per byte, so that Node sends exactly the bytes that were typed. */
function byteString(name: string, value: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: a header must not contain these
  if (/[\x00-\x08\x0a-\x1f\x7f]/.test(value))
    throw new CommandError(`the value of the header ${name} must not contain control characters`);
  return Buffer.from(value, 'utf8').toString('latin1');
}
