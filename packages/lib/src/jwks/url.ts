/** Checks the URLs of JWK sets. */
import { parseIpAddress } from '../core/ip-address.ts';
import { JwksError } from './jwks-error.ts';
import { hostOf } from './private-hosts.ts';
import { isPublicAddress } from './public-address.ts';

const MAX_URL = 2048;
/**
 * Matches an https URL without a user name and password, even empty ones. URL parsers read a backslash as a slash, and drop tabs, line ends
 * and outer spaces. So one program could show a different URL than another program fetches.
 */
const PLAIN_URL = /^https:\/\/(?![^/?#]*@)[^/?#\\\s\p{Cc}][^\\\s\p{Cc}]*$/iu;

/**
 * Parses the URL of a JWK set.
 *
 * @throws JwksError `bad_url`; the message omits any user name and password
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
 * Returns the URL of a JWK set in the form in which it is stored: in ASCII, without a fragment.
 *
 * @throws JwksError `bad_url`
 */
export function canonicalUrl(text: string): string {
  const url = parseJwksUrl(text);
  url.hash = '';
  // The ASCII form may be too long.
  return parseJwksUrl(url.href).href;
}

/**
 * Checks a URL before it is stored. If its host is a name, each fetch checks the addresses that the name resolves to.
 *
 * @param privateHosts - hosts that may have private addresses
 * @returns the result of {@link canonicalUrl}
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
