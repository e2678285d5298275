/** Finds the token in pasted text, and decodes it as far as possible, even if a server would refuse it. */
import { credentialReader } from '../../core/authorization.ts';
import { Refusal } from '../../core/reasons.ts';

const readCredential = credentialReader('JWT');

/** `Authorization:`, with the `> ` that `curl -v` prints before it. */
const FIELD_NAME = /^(?:> )?authorization:\s*/i;

/**
 * Finds the token in pasted text: a header line, a header value, or the token alone.
 *
 * @returns the token; if there is none, the refusal that a server would send
 */
export function findToken(pasted: string): string | Refusal {
  const value = pasted.trim().replace(FIELD_NAME, '');
  const [firstWord = '', ...others] = value.split(/\s+/);
  const isHeaderValue = /^jwt$/i.test(firstWord) || (others.length > 0 && !firstWord.includes('.'));
  if (value === '') return new Refusal('missing');
  return isHeaderValue ? readCredential(value) : value;
}

/** The JSON objects in the first two segments, if they can be decoded. No other part of a token is ever printed. */
export interface Decoded {
  readonly header: Record<string, unknown> | undefined;
  readonly claims: Record<string, unknown> | undefined;
}

/** Decodes header and claims without any check. */
export function decodeLoosely(pasted: string): Decoded {
  const token = pasted.trim().split(/\s+/).at(-1) ?? '';
  const [header, claims] = token.split('.').map(readObject);
  return { header, claims };
}

function readObject(segment: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(segment, 'base64url').toString('utf8'));
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}
