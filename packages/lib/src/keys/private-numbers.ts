/** Refuses private keys that OpenSSL imports although they are damaged or cannot be exported. */
import { type EnginePrivateKey, exportJwk, exportPrivatePem, type JsonWebKey, keyTypeOf } from '#engine';
import { decodeBase64url } from '../core/base64url.ts';
import { decodeBase64 } from './base64.ts';
import { EXPLICIT_CURVE, hasExplicitCurve } from './explicit-curve.ts';
import { KeyError } from './key-error.ts';
import { toBigInt } from './numbers.ts';

export const MORE_PRIMES = 'RSA keys with more than two primes are not supported';

/**
 * Checks the numbers of a private key.
 *
 * @throws KeyError `unsupported` or `malformed`
 */
export function checkPrivateNumbers(handle: EnginePrivateKey): void {
  const type = keyTypeOf(handle);
  if (type === 'rsa') checkRsaNumbers(privateJwkOf(handle));
  if (type === 'ec') {
    if (hasExplicitCurve(pkcs8Of(handle))) throw new KeyError('unsupported', EXPLICIT_CURVE);
    checkScalar(privateJwkOf(handle));
  }
}

/**
 * Exports a key as a private JWK.
 *
 * @throws KeyError `malformed` if OpenSSL has imported the key but cannot export it
 */
export const privateJwkOf = (handle: EnginePrivateKey): JsonWebKey => written(() => exportJwk(handle));

/**
 * Exports a key, and reports a failure as KeyError. OpenSSL imports EC keys whose private number is too long for the curve, but cannot
 * export them.
 */
function written<Result>(write: () => Result): Result {
  try {
    return write();
  } catch {
    throw new KeyError('malformed', 'a number of this private key is not valid for its type');
  }
}

/** Orders of the curves' base points (SP 800-186 §3.2.1). */
const ORDERS: Readonly<Record<string, bigint>> = {
  'P-256': 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
  'P-384': 0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n,
  'P-521':
    0x1fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409n,
};

function checkScalar({ crv, d }: JsonWebKey): void {
  const scalar = toBigInt(decodeBase64url(d as string) as Uint8Array);
  if (scalar < 1n || scalar >= (ORDERS[crv as string] as bigint)) {
    throw new KeyError('malformed', 'the private number of this EC key is out of range for its curve');
  }
}

/** Checks that the numbers of an RSA key with two primes fit together (RFC 8017 §3.2). */
function checkRsaNumbers(jwk: JsonWebKey): void {
  const number = (name: keyof JsonWebKey) => toBigInt(decodeBase64url(jwk[name] as string) as Uint8Array);
  const [n, e, d, p, q] = [number('n'), number('e'), number('d'), number('p'), number('q')];
  if (p <= 1n || q <= 1n) throw new KeyError('malformed', 'a prime of this RSA key is zero or one');
  if (p * q !== n && n % (p * q) === 0n) throw new KeyError('unsupported', MORE_PRIMES);
  const fits =
    p * q === n &&
    (e * d) % (p - 1n) === 1n &&
    (e * d) % (q - 1n) === 1n &&
    number('dp') === d % (p - 1n) &&
    number('dq') === d % (q - 1n) &&
    (number('qi') * q) % p === 1n;
  if (!fits) throw new KeyError('malformed', 'the private numbers of this RSA key do not match each other');
}

function pkcs8Of(handle: EnginePrivateKey): Uint8Array {
  const base64 = written(() => exportPrivatePem(handle, undefined)).replace(/-----[A-Z ]+-----|\n/g, '');
  return decodeBase64(base64) as Uint8Array;
}
