/** Recognizes keys that were passed instead of file names. */

/**
 * Matches PEM, with or without text before it; PEM in base64, with or without a byte order mark or attributes; a JWK; and the base64
 * content of a PEM block (DER or OpenSSH).
 */
const KEY_TEXT =
  /-----BEGIN |^\s*(?:LS0tLS1CRUdJTi|77u\/LS0tLS1C|QmFnIEF0dHJpYnV0ZXM|\{|(?:MII|MIG|MHc|MC4C|b3BlbnNzaC1rZXk)[A-Za-z0-9+/=\s]{40,}$)/;

/** Returns whether a string is a key rather than a path. Messages must never contain a key. */
export function isKeyText(text: string): boolean {
  return KEY_TEXT.test(text);
}
