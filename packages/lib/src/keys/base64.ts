/** Encodes and decodes base64 (RFC 4648 §4) as PEM and OpenSSH use it. */

/**
 * Decodes canonical base64: padding is required, and unused bits must be zero.
 *
 * @returns the bytes, or `undefined` if the text is not canonical base64
 */
export function decodeBase64(text: string): Uint8Array | undefined {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text) || text.length % 4 !== 0) return undefined;
  const binary = atob(text);
  return btoa(binary) === text ? Uint8Array.from(binary, (character) => character.charCodeAt(0)) : undefined;
}

/** Encodes bytes as base64 with padding. */
export function encodeBase64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes));
}
