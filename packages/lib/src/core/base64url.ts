/** Strict base64url (RFC 4648 §5 and §3.5): no padding, no other alphabet, no white space, no non-zero spare bits. */
import { decodeBase64urlLoosely, decodeToScratch, decodeToSlab, textInScratch } from '#engine';

/** Last characters whose spare bits are zero, by the length's remainder of 4: a text of another length has none. */
const CANONICAL_LAST = ['', '', 'AQgw', 'AEIMQUYcgkosw048'].map(marked);

/** A one at the code of each character. */
function marked(characters: string): Uint8Array {
  const marks = new Uint8Array(128);
  for (const character of characters) marks[character.charCodeAt(0)] = 1;
  return marks;
}

/** Decodes canonical base64url, or gives `undefined` where no canonical encoder writes this text. */
export function decodeBase64url(text: string): Uint8Array | undefined {
  if (hasForeignCharacters(text) || !isCanonicalEnd(text)) return undefined;
  const bytes = decodeBase64urlLoosely(text);
  // The engine skips whatever else is no base64: then bytes are missing.
  return bytes.length === decodedLength(text) ? bytes : undefined;
}

/** Costs next to nothing on a string of one byte a character, which cannot hold any. */
const BEYOND_LATIN1 = /[\u0100-\uffff]/;

/** Whether a text has characters that the engine would take for base64url although they are not. */
export function hasForeignCharacters(text: string): boolean {
  // It reads the other alphabet too, and of characters beyond Latin-1 it looks at the low byte only. Others it skips.
  return text.includes('+') || text.includes('/') || BEYOND_LATIN1.test(text);
}

/**
 * As {@link decodeBase64url}, for a part of a token without foreign characters, into the engine's scratch.
 *
 * @returns how many bytes lie there now, or `undefined` where the text is not canonical
 */
export function decodeSegmentToScratch(text: string): number | undefined {
  if (!isCanonicalEnd(text)) return undefined;
  const length = decodeToScratch(text);
  return length === decodedLength(text) ? length : undefined;
}

/**
 * As {@link decodeBase64url}, for a signature without foreign characters.
 *
 * @returns bytes that nothing overwrites: the path keeps them while it waits for a store
 */
export function decodeSignature(text: string): Uint8Array | undefined {
  if (!isCanonicalEnd(text)) return undefined;
  const bytes = decodeToSlab(text);
  return bytes.length === decodedLength(text) ? bytes : undefined;
}

/** As {@link decodeBase64url}, for a part of a token that holds UTF-8: `undefined` also where it is not well-formed. */
export function decodeTextSegment(text: string): string | undefined {
  const length = decodeSegmentToScratch(text);
  return length === undefined ? undefined : textInScratch(length);
}

/** Bytes that a text of base64url characters stands for. */
export function decodedLength(text: string): number {
  return (text.length * 3) >> 2;
}

/** Whether the length is possible, and the spare bits of the last character are zero. */
function isCanonicalEnd(text: string): boolean {
  const rest = text.length & 3;
  return rest === 0 || CANONICAL_LAST[rest]?.[text.charCodeAt(text.length - 1)] === 1;
}
