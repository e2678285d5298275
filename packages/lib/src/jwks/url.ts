/** URLs of JWK sets. */
import { JwksError } from './problem.ts';

const MAX_URL = 2048;

/**
 * Checks a URL that a JWK set is fetched from, without fetching it.
 *
 * @throws JwksError `bad_url`; a name and password in it are not repeated
 */
export function parseJwksUrl(text: string): URL {
  const url = typeof text === 'string' && text.length <= MAX_URL && URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== 'https:' || url.username !== '' || url.password !== '') {
    throw new JwksError(
      'bad_url',
      url === undefined ? 'that was given' : `${url.protocol}//${url.host}${url.pathname}`,
    );
  }
  return url;
}
