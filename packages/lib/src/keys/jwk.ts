/** Reads JSON Web Keys (RFC 7517, RFC 7518 §6, RFC 8037 §2). */
import type { JsonWebKey } from '#engine';
import { COORDINATE_LENGTH, type Curve } from '../core/algorithms.ts';
import { decodeBase64url } from '../core/base64url.ts';
import { parseStrictJsonObject } from '../core/strict-json.ts';
import { KeyError } from './key-error.ts';

const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv'];

/**
 * Parses the JSON of a JWK.
 *
 * @throws KeyError `malformed`
 */
export function readJwkText(text: string): JsonWebKey {
  const members = parseStrictJsonObject(text);
  if (members === undefined) throw new KeyError('malformed', 'the JWK is not a JSON object, or has a duplicate member');
  if ('keys' in members) throw new KeyError('malformed', 'this is a JWK set; give one of its `keys`');
  return members as JsonWebKey;
}

/** Reports whether a JWK has any member of a private or symmetric key. */
export function hasPrivateMember(jwk: JsonWebKey): boolean {
  return PRIVATE_MEMBERS.some((name) => name in jwk);
}

/**
 * Reads the public members of a JWK.
 *
 * @returns the members that define the key, and its `alg`
 * @throws KeyError `private_key`, `unsupported` or `malformed`
 */
export function publicJwkFromMembers(jwk: JsonWebKey): { jwk: JsonWebKey; alg: string | undefined } {
  if (jwk.kty === 'oct')
    throw new KeyError('unsupported', 'this is a symmetric JWK (kty oct); only key pairs can sign tokens');
  if (hasPrivateMember(jwk))
    throw new KeyError('private_key', 'this is a private JWK; keep it secret, and give only its public members');
  const alg = signatureAlg(jwk, 'verify');
  return { jwk: publicMembers(jwk), alg };
}

/**
 * Checks that a JWK is for signatures, and returns its `alg` (RFC 7517 §4.2–4.4).
 *
 * @throws KeyError `unsupported` or `malformed`
 */
export function signatureAlg(jwk: JsonWebKey, operation: 'sign' | 'verify'): string | undefined {
  const { use, key_ops: operations, alg } = jwk as JsonWebKey & { key_ops?: unknown };
  if (use !== undefined && use !== 'sig') {
    throw new KeyError('unsupported', 'this JWK is not for signatures; its use must be sig');
  }
  if (operations !== undefined && !(Array.isArray(operations) && operations.includes(operation))) {
    throw new KeyError('unsupported', `this JWK cannot be used here; its key_ops must include ${operation}`);
  }
  if (alg !== undefined && typeof alg !== 'string')
    throw new KeyError('malformed', 'the alg of the JWK is not a string');
  return alg;
}

/**
 * Returns the members that define a public key.
 *
 * @throws KeyError `unsupported` or `malformed`
 */
export function publicMembers(jwk: JsonWebKey): JsonWebKey {
  const { kty, crv } = jwk;
  if (kty === 'RSA') return { kty, n: numberMember(jwk, 'n'), e: numberMember(jwk, 'e') };
  if (kty === 'OKP' && crv === 'Ed25519') return { kty, crv, x: fixedMember(jwk, 'x', 32) };
  if (kty === 'EC' && typeof crv === 'string' && Object.hasOwn(COORDINATE_LENGTH, crv)) {
    const length = COORDINATE_LENGTH[crv as Curve];
    return { kty, crv, x: fixedMember(jwk, 'x', length), y: fixedMember(jwk, 'y', length) };
  }
  if (kty === 'OKP' || kty === 'EC')
    throw new KeyError('unsupported', 'the crv of this JWK is not supported; use Ed25519, P-256, P-384 or P-521');
  throw new KeyError('malformed', 'the kty of this JWK is not RSA, EC or OKP');
}

/** Reads a big-endian number without leading zeros (RFC 7518 §2, Base64urlUInt). */
function numberMember(jwk: JsonWebKey, name: 'n' | 'e'): string {
  const value = jwk[name];
  if (typeof value !== 'string' || (decodeBase64url(value)?.[0] ?? 0) === 0) {
    throw new KeyError('malformed', `the ${name} of this JWK is not a number in base64url without leading zeros`);
  }
  return value;
}

function fixedMember(jwk: JsonWebKey, name: 'x' | 'y', length: number): string {
  const value = jwk[name];
  if (typeof value !== 'string' || decodeBase64url(value)?.length !== length) {
    throw new KeyError('malformed', `the ${name} of this JWK is not ${length} bytes in base64url`);
  }
  return value;
}
