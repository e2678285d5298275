/** URLs of JWK sets. */
import { parseIpAddress } from '../core/ip-address.ts';
import { JwksError } from './jwks-error.ts';
import { hostOf } from './private-hosts.ts';
import { isPublicAddress } from './public-address.ts';

const MAX_URL = 2048;
/**
 * An https URL without a user name and password, even empty ones. The URL parser would read a backslash as a slash and drop tabs, line
 * ends and outer spaces, so that one program fetches another URL than the next one shows.
 */
const PLAIN_URL = /^https:\/\/(?![^/?#]*@)[^/?#\\\s\p{Cc}][^\\\s\p{Cc}]*$/iu;

/**
 * Checks a URL that a JWK set is fetched from, without fetching it.
 *
 * @throws JwksError `bad_url`; a name and password in it are not repeated
 */
export function parseJwksUrl(text: string): URL {
  const url = typeof text === 'string' && text.length <= MAX_URL && URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !PLAIN_URL.test(text)) {
    throw new JwksError(
      'bad_url',
      url === undefined ? 'that was given' : `${url.protocol}//${url.host}${url.pathname}`,
    );
  }
  return url;
}

/**
 * The URL of a JWK set as it is written where it is kept: ASCII, without a fragment.
 *
 * @throws JwksError `bad_url`
 */
export function canonicalUrl(text: string): string {
  const url = parseJwksUrl(text);
  url.hash = '';
  // In this form it may be longer.
  return parseJwksUrl(url.href).href;
}

/**
 * Checks a URL before it is kept. Where its host is a name, what that leads to is looked at by each fetch.
 *
 * @param privateHosts - those that may have addresses which are not public
 * @returns as {@link canonicalUrl}
 * @throws JwksError `bad_url`, `forbidden_address`
 */
export function trustedUrl(text: string, privateHosts: ReadonlySet<string>): string {
  const url = canonicalUrl(text);
  const host = hostOf(new URL(url));
  if (parseIpAddress(host) !== undefined && !privateHosts.has(host) && !isPublicAddress(host)) {
    throw new JwksError('forbidden_address', url);
  }
  return url;
}
