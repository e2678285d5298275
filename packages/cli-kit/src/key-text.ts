/** Keys in the wrong place. */

/** PEM, with text before it or in one line; PEM in base64, also after a byte order mark or with attributes before it; a JWK; or the bare base64 out of a PEM: DER, or OpenSSH's private format. */
const KEY_TEXT =
  /-----BEGIN |^\s*(?:LS0tLS1CRUdJTi|77u\/LS0tLS1C|QmFnIEF0dHJpYnV0ZXM|\{|(?:MII|MIG|MHc|MC4C|b3BlbnNzaC1rZXk)[A-Za-z0-9+/=\s]{40,}$)/;

/** Reports whether a string is a key rather than a path. A key must not be repeated in a message. */
export function isKeyText(text: string): boolean {
  return KEY_TEXT.test(text);
}
