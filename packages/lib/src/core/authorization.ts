/** Step 1 and the edge of step 2: one `Authorization` header of our scheme (RFC 9110 §11.4 and §11.6.2). */
import { malformed, type Refusal, refusalAbout } from './reasons.ts';

/** Reads the one credential of a scheme out of the values of the `Authorization` header. */
export type CredentialReader = (values: string | readonly string[] | null | undefined) => string | Refusal;

/** tchar of RFC 9110 §5.6.2: what a scheme's name consists of. */
const TOKEN = /^[\w!#$%&'*+.^`|~-]+$/;

/** What a message may repeat: any other beginning may be that of a token or another secret. */
const KNOWN = /^(?:["']|(?:bearer|basic)(?= ))/i;

/**
 * Makes the reader for a scheme.
 *
 * @param scheme - the scheme's name, compared without case
 * @returns a function that gives the text after the scheme, `missing` (no header, or one of another scheme) or `malformed`
 * @throws TypeError if the scheme is not a token of RFC 9110
 */
export function credentialReader(scheme: string): CredentialReader {
  if (typeof scheme !== 'string' || !TOKEN.test(scheme))
    throw new TypeError('option scheme: must be a token of RFC 9110 §5.6.2');
  const prefix = `${scheme} `;
  const name = scheme.replace(/[$*+.^|]/g, '\\$&');
  const ours = new RegExp(`^${name}(?![\\w!#$%&'*+.^\`|~-])`, 'i');
  const credential = new RegExp(`^${name} +(.*)$`, 'is');
  const oursLater = new RegExp(`,\\s*${name}(?:\\s|$)`, 'i');

  const missing = (sent?: string) => refusalAbout('missing', sent ? `${scheme}, not ${sent}` : scheme);

  return (values) => {
    if (values === undefined || values === null) return missing();
    if (typeof values !== 'string') {
      if (values.length === 0) return missing();
      if (values.length > 1) return malformed('header_repeated');
    }
    const value = typeof values === 'string' ? values : (values[0] as string);
    if (value.startsWith(prefix) && value[prefix.length] !== ' ') return value.slice(prefix.length);

    if (value.trim() === '') return malformed('header_empty');
    // Two headers joined on the way (RFC 9110 §5.3): the second must not vanish behind the first.
    if (oursLater.test(value)) return malformed('header_repeated');
    if (!ours.test(value)) return missing(KNOWN.exec(value)?.[0]);
    return credential.exec(value)?.[1] ?? malformed(value.trim().length === scheme.length ? 'no_token' : 'not_a_token');
  };
}
