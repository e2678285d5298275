/**
 * Implements the part of the engine that the client needs, for browsers, which have no Node modules. Signing is up to the signer, which
 * calls the Web Crypto API.
 */
const encoder = /* @__PURE__ */ new TextEncoder();

/** Longest text that is decoded, in characters: the limit of a token. */
const MAX_TEXT = 8192;
/** Decoded bytes are valid until the next call of {@link decodeToScratch}. */
const scratch: Uint8Array = /* @__PURE__ */ new Uint8Array(MAX_TEXT);

/** Decodes base64url. `core/base64url.ts` adds the strict checks. Returns no bytes for text with other characters. */
export function decodeBase64urlLoosely(text: string): Uint8Array {
  let binary: string;
  try {
    binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  } catch {
    return new Uint8Array(0);
  }
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}

/** Decodes base64url into the scratch buffer. Returns the number of bytes. */
export function decodeToScratch(text: string): number {
  const bytes = decodeBase64urlLoosely(text);
  scratch.set(bytes);
  return bytes.length;
}

/** Decodes base64url. */
export function decodeToSlab(text: string): Uint8Array {
  return decodeBase64urlLoosely(text);
}

/** Returns the first bytes of the scratch buffer as a string, or `undefined` if they are not well-formed UTF-8. */
export function textInScratch(length: number): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(scratch.subarray(0, length));
  } catch {
    return undefined;
  }
}

/** Encodes a string as UTF-8 in base64url. */
export function encodeText(text: string): string {
  return encodeBytes(encoder.encode(text));
}

/** Encodes bytes in base64url. */
export function encodeBytes(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');
}

/** Encodes bytes in lower-case hex. */
export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** Returns the bytes of an ASCII string. */
export function asciiBytes(text: string): Uint8Array {
  return encoder.encode(text);
}

/** Returns the length of a string in UTF-8, in bytes. */
export function utf8Length(text: string): number {
  return encoder.encode(text).length;
}

/** Returns new random bytes in base64url. */
export function randomText(bytes: number): string {
  return encodeBytes(crypto.getRandomValues(new Uint8Array(bytes)));
}
