/** Computes digests that identify a key. */
import { encodeBytes, type JsonWebKey, sha256 } from '#engine';
import { encodeBase64 } from './base64.ts';

/** The JWK members that a thumbprint covers, by key type, in the order of RFC 7638 §3.2. */
const THUMBPRINT_MEMBERS: Readonly<Record<string, readonly (keyof JsonWebKey)[]>> = {
  RSA: ['e', 'kty', 'n'],
  EC: ['crv', 'kty', 'x', 'y'],
  OKP: ['crv', 'kty', 'x'],
};

/** Computes the JWK thumbprint with SHA-256, in base64url (RFC 7638 §3, RFC 8037 §2). */
export function thumbprintOf(jwk: JsonWebKey): string {
  const members = THUMBPRINT_MEMBERS[jwk.kty as string] as readonly (keyof JsonWebKey)[];
  return encodeBytes(sha256(JSON.stringify(Object.fromEntries(members.map((name) => [name, jwk[name]])))));
}

/** Returns the fingerprint that `ssh-keygen -l` prints: the SHA-256 of the blob, in base64 without padding. */
export function sshFingerprint(blob: Uint8Array): string {
  return `SHA256:${encodeBase64(sha256(blob)).replace(/=+$/, '')}`;
}
