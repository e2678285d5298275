/** Takes apart what was pasted, and reads what there is to read of it, also where it is no token that a server would take. */
import { credentialReader } from '../../core/authorization.ts';
import { Refusal } from '../../core/reasons.ts';

const readCredential = credentialReader('JWT');

/** `Authorization:`, also as `curl -v` prints it. */
const FIELD_NAME = /^(?:> )?authorization:\s*/i;

/**
 * Finds the token in a header line, in a header's value, or in itself.
 *
 * @returns the token; or why step 1 would find none
 */
export function findToken(pasted: string): string | Refusal {
  const value = pasted.trim().replace(FIELD_NAME, '');
  const [firstWord = '', ...others] = value.split(/\s+/);
  const isHeaderValue = /^jwt$/i.test(firstWord) || (others.length > 0 && !firstWord.includes('.'));
  if (value === '') return new Refusal('missing');
  return isHeaderValue ? readCredential(value) : value;
}

/** The JSON objects that the first two segments hold, as far as they can be read; nothing else of a token is ever shown. */
export interface Decoded {
  readonly header: Record<string, unknown> | undefined;
  readonly claims: Record<string, unknown> | undefined;
}

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
