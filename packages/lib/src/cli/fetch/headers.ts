/** Headers of a request, written as curl takes them. */
import { CommandError } from 'ajwt-cli-kit/command-error';

/** `Name: value`, `Name:` to leave a default out, `Name;` for an empty value. */
const HEADER = /^([\w!#$%&'*+.^`|~-]+)(?::[ \t]*(.*?)|(;))[ \t]*$/;

/** The token, and what says where the body ends: two of these would be read differently by different servers. */
const WRITTEN_HERE = ['authorization', 'content-length', 'transfer-encoding'];

/**
 * @param given - the values of `-H`
 * @param defaults - what is sent unless another value is given
 * @returns by names in lower case; what was given twice is one list (RFC 9110 §5.3)
 * @throws CommandError; values are not repeated, as they may be secrets
 */
export function readHeaders(given: readonly string[], defaults: Readonly<Record<string, string>>): Map<string, string> {
  const headers = new Map(Object.entries(defaults));
  const ours = new Set(Object.keys(defaults));
  for (const line of given) {
    const [, name, value = '', empty] = HEADER.exec(line) ?? [];
    if (name === undefined) throw new CommandError("-H: must be 'Name: value', on one line");
    const key = name.toLowerCase();
    if (WRITTEN_HERE.includes(key)) throw new CommandError(`-H: ${name} cannot be set; ajwt sets it`);
    if (ours.delete(key)) headers.delete(key);
    if (value === '' && empty === undefined) continue;
    const before = headers.get(key);
    const bytes = byteString(name, value);
    // Cookies are the one list that has another separator (RFC 6265 §5.4).
    headers.set(key, before === undefined ? bytes : `${before}${key === 'cookie' ? '; ' : ', '}${bytes}`);
  }
  return headers;
}

/** UTF-8, one character for each byte: so header values go over the wire as they were typed. */
function byteString(name: string, value: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what a header must not have
  if (/[\x00-\x08\x0a-\x1f\x7f]/.test(value))
    throw new CommandError(`-H: the value of ${name} must not contain control characters`);
  return Buffer.from(value, 'utf8').toString('latin1');
}
