/** Decodes base64url strictly (RFC 4648 §5 and §3.5): refuses padding, other alphabets, white space, and pad bits that are not zero. */
import { decodeBase64urlLoosely, decodeToScratch, decodeToSlab, textInScratch } from '#engine';

/** For each length modulo 4, the last characters whose pad bits are zero. */
const CANONICAL_LAST = ['', '', 'AQgw', 'AEIMQUYcgkosw048'].map(marked);

/** Returns an array that has a 1 at the index of each character's code, and zeros elsewhere. */
function marked(characters: string): Uint8Array {
  const marks = new Uint8Array(128);
  for (const character of characters) marks[character.charCodeAt(0)] = 1;
  return marks;
}

/** Decodes canonical base64url. @returns the bytes, or `undefined` if no canonical encoder produces this text */
export function decodeBase64url(text: string): Uint8Array | undefined {
  if (hasForeignCharacters(text) || !isCanonicalEnd(text)) return undefined;
  const bytes = decodeBase64urlLoosely(text);
  // The engine skips other invalid characters, so the result is too short.
  return bytes.length === decodedLength(text) ? bytes : undefined;
}

/** The engine tests this at once for strings that it stores as Latin-1, because they cannot match. */
const BEYOND_LATIN1 = /[\u0100-\uffff]/;

/** Returns whether a string has characters that are not base64url but that the engine would decode anyway. */
export function hasForeignCharacters(text: string): boolean {
  // The engine also decodes `+` and `/`, and the low byte of characters beyond Latin-1. It skips other invalid characters.
  return text.includes('+') || text.includes('/') || BEYOND_LATIN1.test(text);
}

/**
 * Decodes a segment into the engine's scratch buffer. The segment must contain only base64url characters.
 *
 * @returns the number of bytes, or `undefined` if the segment is not canonical
 */
export function decodeSegmentToScratch(text: string): number | undefined {
  if (!isCanonicalEnd(text)) return undefined;
  const length = decodeToScratch(text);
  return length === decodedLength(text) ? length : undefined;
}

/**
 * Decodes a signature, which must contain only base64url characters.
 *
 * @returns bytes that no other request overwrites, or `undefined` if the text is not canonical
 */
export function decodeSignature(text: string): Uint8Array | undefined {
  if (!isCanonicalEnd(text)) return undefined;
  const bytes = decodeToSlab(text);
  return bytes.length === decodedLength(text) ? bytes : undefined;
}

/** Decodes a segment that encodes UTF-8. @returns the text, or `undefined` if the segment is not canonical or not well-formed UTF-8 */
export function decodeTextSegment(text: string): string | undefined {
  const length = decodeSegmentToScratch(text);
  return length === undefined ? undefined : textInScratch(length);
}

/** Returns how many bytes a base64url text encodes. */
export function decodedLength(text: string): number {
  return (text.length * 3) >> 2;
}

/** Returns whether the length is possible and the pad bits of the last character are zero. */
function isCanonicalEnd(text: string): boolean {
  const rest = text.length & 3;
  return rest === 0 || CANONICAL_LAST[rest]?.[text.charCodeAt(text.length - 1)] === 1;
}
