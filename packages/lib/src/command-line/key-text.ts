/** Keys in the wrong place. */

/** PEM, PEM in base64, a JWK, or the bare base64 out of a PEM: DER, or OpenSSH's private format. */
const KEY_TEXT = /^\s*(?:-----BEGIN |LS0tLS1CRUdJTi|\{|(?:MII|MIG|MHc|MC4C|b3BlbnNzaC1rZXk)[A-Za-z0-9+/=\s]{40,}$)/;

/** Whether a text is a key itself, and no path: then it must not come back in a message. */
export function isKeyText(text: string): boolean {
  return KEY_TEXT.test(text);
}
