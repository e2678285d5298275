/** Checks the method and URL of a request. */
import { CommandError } from 'ajwt-cli-kit/command-error';
import { bareUrl } from '../client/bare-url.ts';

/** tchar of RFC 9110 §5.6.2. */
const METHOD = /^[\w!#$%&'*+.^`|~-]+$/;
/** Methods that fetch never sends (Fetch Standard, forbidden method). */
const FORBIDDEN = ['CONNECT', 'TRACE', 'TRACK'];

/** Checks a method. @returns the method in upper case @throws CommandError if it is not valid */
export function readMethod(given: string): string {
  const method = given.toUpperCase();
  if (!METHOD.test(method) || FORBIDDEN.includes(method))
    throw new CommandError(`${given}: not a supported request method`);
  return method;
}

/**
 * Checks a URL.
 *
 * @param malformed - exit code for a malformed URL
 * @returns the URL without a fragment or an empty query
 * @throws CommandError if it is not valid; the message never repeats a password in it
 */
export function readUrl(given: string, malformed = 1): URL {
  if (!/^[a-z][a-z\d+.-]*:\/\//i.test(given) || !URL.canParse(given)) {
    throw new CommandError('not a valid absolute URL; write https://host/path', malformed);
  }
  const url = new URL(given);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    throw new CommandError(`${url.protocol}// is not supported; use https:// or http://`);
  }
  if (url.username !== '' || url.password !== '') {
    throw new CommandError(
      'the URL contains a username or password; remove it, because the token identifies the caller',
    );
  }
  return bareUrl(url);
}
