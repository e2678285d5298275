/** Signs arbitrary tokens, valid or not. */
import { constants, createHmac, type KeyObject, sign } from 'node:crypto';

/** A string, which is encoded as UTF-8, or bytes. */
export type Part = string | Uint8Array;

/** Signature schemes (RFC 7518 §3.1, RFC 8037 §3.1). This table is independent of the library's, so that tests find a mistake there. */
export const SCHEMES = {
  RS512: { hash: 'sha512', pss: false },
  RS384: { hash: 'sha384', pss: false },
  RS256: { hash: 'sha256', pss: false },
  PS512: { hash: 'sha512', pss: true },
  PS384: { hash: 'sha384', pss: true },
  PS256: { hash: 'sha256', pss: true },
  ES256: { hash: 'sha256', pss: false },
  ES384: { hash: 'sha384', pss: false },
  ES512: { hash: 'sha512', pss: false },
  EdDSA: { hash: null, pss: false },
  Ed25519: { hash: null, pss: false },
} as const;

export type SchemeName = keyof typeof SCHEMES;

export function base64url(part: Part): string {
  return (typeof part === 'string' ? Buffer.from(part, 'utf8') : Buffer.from(part)).toString('base64url');
}

/** Returns a raw JWS signature with the scheme of `alg`; r‖s for ECDSA. */
export function signBytes(input: string, key: KeyObject, alg: SchemeName = 'EdDSA'): Buffer {
  const { hash, pss } = SCHEMES[alg];
  const padding = pss ? { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST } : {};
  return sign(hash, Buffer.from(input, 'latin1'), { key, dsaEncoding: 'ieee-p1363', ...padding });
}

/**
 * Returns a compact JWS with any header and payload.
 *
 * @param alg - the scheme of the signature, even if the header names another one
 */
export function signToken(header: Part, payload: Part, key: KeyObject, alg: SchemeName = 'EdDSA'): string {
  const input = `${base64url(header)}.${base64url(payload)}`;
  return `${input}.${base64url(signBytes(input, key, alg))}`;
}

/** Returns a compact JWS with an HMAC instead of the signature (RFC 7518 §3.2). */
export function macToken(header: Part, payload: Part, hash: string, secret: Part): string {
  const input = `${base64url(header)}.${base64url(payload)}`;
  return `${input}.${createHmac(hash, secret).update(input).digest('base64url')}`;
}

/** Returns the header, payload and signature of a compact JWS. */
export function parts(token: string): [string, string, string] {
  return token.split('.') as [string, string, string];
}

/** Returns the token with a changed signature. */
export function withSignature(token: string, change: (signature: Buffer) => Uint8Array): string {
  const [header, payload, signature] = parts(token);
  return `${header}.${payload}.${base64url(change(Buffer.from(signature, 'base64url')))}`;
}

const P256_ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

/** Returns the other valid signature (r, n − s) of the same message, which anyone can compute. */
export function highS(signature: Buffer): Buffer {
  const s = P256_ORDER - BigInt(`0x${signature.subarray(32).toString('hex')}`);
  return Buffer.concat([signature.subarray(0, 32), Buffer.from(s.toString(16).padStart(64, '0'), 'hex')]);
}
