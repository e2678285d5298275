/** Encodes public keys as DER (X.690 §10). Node's own export is avoided, because it takes as long as a signature. */
import type { JsonWebKey, PublicEncoding } from '#engine';
import { decodeBase64url } from '../core/base64url.ts';
import { concatBytes } from './ssh-wire.ts';

const SEQUENCE = 0x30;
const INTEGER = 0x02;
const BIT_STRING = 0x03;

const fromHex = (text: string) => Uint8Array.from(text.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));

/** The AlgorithmIdentifier for rsaEncryption (RFC 3279 §2.3.1). */
const RSA = fromHex('300d06092a864886f70d0101010500');
/** The bytes before the point in SubjectPublicKeyInfo, by curve (RFC 8410 §4, RFC 5480 §2). */
const BEFORE_POINT: Readonly<Record<string, Uint8Array>> = {
  Ed25519: fromHex('302a300506032b6570032100'),
  'P-256': fromHex('3059301306072a8648ce3d020106082a8648ce3d030107034200'),
  'P-384': fromHex('3076301006072a8648ce3d020106052b81040022036200'),
  'P-521': fromHex('30819b301006072a8648ce3d020106052b8104002303818600'),
};

/**
 * Encodes a public key as DER.
 *
 * @param jwk - a public JWK with canonical members
 * @param type - `spki` for SubjectPublicKeyInfo (RFC 5280 §4.1), or `pkcs1` for the RSAPublicKey (RFC 8017 §A.1.1) of an RSA key
 */
export function publicDer(jwk: JsonWebKey, type: PublicEncoding): Uint8Array {
  const bytes = (member: string | undefined) => decodeBase64url(member as string) as Uint8Array;
  if (jwk.kty === 'RSA') {
    const numbers = element(SEQUENCE, integer(bytes(jwk.n)), integer(bytes(jwk.e)));
    return type === 'pkcs1' ? numbers : element(SEQUENCE, RSA, element(BIT_STRING, Uint8Array.of(0), numbers));
  }
  const before = BEFORE_POINT[jwk.crv as string] as Uint8Array;
  if (jwk.kty === 'OKP') return concatBytes(before, bytes(jwk.x));
  return concatBytes(before, Uint8Array.of(4), bytes(jwk.x), bytes(jwk.y));
}

function element(tag: number, ...content: readonly Uint8Array[]): Uint8Array {
  const length = content.reduce((sum, part) => sum + part.length, 0);
  return concatBytes(Uint8Array.from([tag, ...lengthOctets(length)]), ...content);
}

/** Encodes a length below 65 536 (X.690 §8.1.3) in the fewest octets (§10.1). */
function lengthOctets(length: number): number[] {
  if (length < 0x80) return [length];
  return length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
}

/** @param number - big-endian, not negative, without leading zeros */
function integer(number: Uint8Array): Uint8Array {
  return (number[0] as number) >= 0x80 ? element(INTEGER, Uint8Array.of(0), number) : element(INTEGER, number);
}
