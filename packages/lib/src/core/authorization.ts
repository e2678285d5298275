/** Step 1: reads the credential from the `Authorization` header (RFC 9110 §11.4 and §11.6.2). */
import { malformed, type Refusal, refusalAbout } from './reasons.ts';

/** Returns the credential from the values of the `Authorization` header, or a refusal. */
export type CredentialReader = (values: string | readonly string[] | null | undefined) => string | Refusal;

/** The name of a scheme must be a token as defined in RFC 9110 §5.6.2. */
const TOKEN = /^[\w!#$%&'*+.^`|~-]+$/;

/** The only parts of a header that a message quotes. Any other part could belong to a token or another secret. */
const KNOWN = /^(?:["']|(?:bearer|basic)(?= ))/i;

/**
 * Makes a function that reads the credential of a scheme.
 *
 * @param scheme - compared case-insensitively
 * @returns a function that returns the text after the scheme, or a refusal: `missing` (no header, or another scheme) or `malformed`
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
    // A proxy may have joined two headers (RFC 9110 §5.3). Find the second one even if the first has another scheme.
    if (oursLater.test(value)) return malformed('header_repeated');
    if (!ours.test(value)) return missing(KNOWN.exec(value)?.[0]);
    return credential.exec(value)?.[1] ?? malformed(value.trim().length === scheme.length ? 'no_token' : 'not_a_token');
  };
}
