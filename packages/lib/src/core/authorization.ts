/** Step 1: reads the credential from the `Authorization` header (RFC 9110 §11.4 and §11.6.2). */
import { malformed, type Refusal, refusalAbout } from './reasons.ts';

/** Returns the credential in the values of the `Authorization` header, or a refusal. */
export type CredentialReader = (values: string | readonly string[] | null | undefined) => string | Refusal;

/** A token of RFC 9110 §5.6.2, as the name of a scheme must be. */
const TOKEN = /^[\w!#$%&'*+.^`|~-]+$/;

/** What a message may quote. Anything else may be part of a token or another secret. */
const KNOWN = /^(?:["']|(?:bearer|basic)(?= ))/i;

/**
 * Makes the reader of a scheme's credentials.
 *
 * @param scheme - compared case-insensitively
 * @returns a function that returns the text after the scheme, or refuses: `missing` (no header, or another scheme) or `malformed`
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
    // A proxy may have joined two headers (RFC 9110 §5.3). The second one must not be overlooked.
    if (oursLater.test(value)) return malformed('header_repeated');
    if (!ours.test(value)) return missing(KNOWN.exec(value)?.[0]);
    return credential.exec(value)?.[1] ?? malformed(value.trim().length === scheme.length ? 'no_token' : 'not_a_token');
  };
}
