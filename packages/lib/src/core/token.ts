/** Step 2: reads a token, which is a compact JWS (RFC 7515 §7.1). */
import { decodedLength, decodeSignature, hasForeignCharacters } from './base64url.ts';
import { LIMITS } from './claims.ts';
import { readHeader } from './header.ts';
import { readClaims } from './read-claims.ts';
import { type MalformedCode, malformed, type Refusal } from './reasons.ts';
import type { UnverifiedToken } from './trust.ts';

/**
 * Reads a token. Nothing in the result is verified yet.
 *
 * @param text - the credential after the scheme
 * @returns the token, or the refusal of a malformed one
 */
export function parseToken(text: string): UnverifiedToken | Refusal {
  const token = readToken(text);
  return typeof token === 'string' ? malformed(mostTelling(text, token)) : token;
}

function readToken(text: string): UnverifiedToken | MalformedCode {
  if (text.length > LIMITS.token) return 'too_long';
  const firstDot = text.indexOf('.');
  const secondDot = text.indexOf('.', firstDot + 1);
  if (firstDot <= 0 || secondDot <= firstDot + 1 || secondDot === text.length - 1) return 'not_a_token';
  if (hasForeignCharacters(text)) return 'not_base64url';

  const header = readHeader(text, firstDot);
  if (typeof header === 'string') return header;
  const { algorithm, kid, hint } = header;

  // A third dot would be part of the signature, where it is not valid base64url.
  const signature = decodeSignature(text.slice(secondDot + 1));
  if (signature === undefined) return 'not_base64url';
  const { length } = signature;
  if (length < algorithm.minSignature || length > algorithm.maxSignature) return 'signature_length';

  const payload = text.slice(firstDot + 1, secondDot);
  if (decodedLength(payload) > LIMITS.payload) return 'payload_too_long';
  const claims = readClaims(payload);
  if (typeof claims === 'string') return claims;
  const signingInput = text.slice(0, secondDot);
  return { algorithm, kid, hint, claims, signingInput, signature } as UnverifiedToken;
}

/** Returns the most helpful code for the sender if several codes apply. */
function mostTelling(text: string, code: MalformedCode): MalformedCode {
  if (code === 'too_long') return code;
  if (text === '') return 'no_token';
  if (text.includes(',')) return 'header_repeated';
  // The token may be in quotes, or follow a second scheme.
  return text.split('.').length === 3 && !/^["']|^\w+ /.test(text) ? code : 'not_a_token';
}
