/** Shows settings to people and in logs, without secrets. */
import { plainName } from '../database/parameters.ts';
import type { Setting } from './setting.ts';

/** A value as `config print --json` and the log contain it. `null` is a setting without a value. */
export type ShownValue = string | number | boolean | readonly string[] | null;

/**
 * Returns the value that is in effect: the given one or the default.
 *
 * @param given - value of the option
 */
export function shownValue(
  { default: fallback, secret, range }: Setting,
  given: string | boolean | readonly string[] | undefined,
): ShownValue {
  const value = given ?? fallback;
  if (value === undefined) return null;
  if (typeof value !== 'string') return value;
  if (secret) return maskSecret(value);
  return range === undefined ? value : Number(value);
}

/** Parameters of database URLs that are not secret. */
const SHOWN_PARAMETERS =
  /^(?:ssl(?!password)|(?:host|port|user|dbname|socket|socketpath|unixsocket|applicationname|channelbinding)$)/;
const MASK = '***';

/**
 * Replaces the passwords in the URL of a database or a Redis with `***`.
 *
 * @param text - a valid value of `--database` or `--nonces`
 */
export function maskSecret(text: string): string {
  const [, scheme, address = '', query] = /^([a-z][a-z\d+.-]*:\/\/)([^?]*)(?:\?(.*))?$/is.exec(text) ?? [];
  if (scheme === undefined) return text;
  const end = address.lastIndexOf('@');
  const login = address.slice(0, Math.max(end, 0));
  const colon = login.indexOf(':');
  // In the URL of a Redis, a login without a colon is a password.
  const user = colon >= 0 ? login.slice(0, colon) : scheme.startsWith('redis') ? '' : login;
  const hidden = colon >= 0 || login !== user ? `:${MASK}` : '';
  const parameters = query?.split('&').map((pair) => {
    const name = pair.split('=')[0] as string;
    return SHOWN_PARAMETERS.test(plainName(name)) ? pair : `${name}=${MASK}`;
  });
  return [
    scheme,
    ...(end < 0 ? [address] : [user, hidden, address.slice(end)]),
    ...(parameters === undefined ? [] : ['?', parameters.join('&')]),
  ].join('');
}
