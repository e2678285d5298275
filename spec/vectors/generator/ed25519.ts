/** Signatures that crypto engines disagree on, made with the private key (RFC 8032 §5.1.6). */
import { createHash } from 'node:crypto';
import { base64url, claimsOf, keyNamed, type Parts, signed } from './sign.ts';

/** The prime of the field, and the order of the base point (RFC 8032 §5.1). */
const P = 2n ** 255n - 19n;
const L = 2n ** 252n + 27742317777372353535851937790883648493n;
const SIGN_BIT = 2n ** 255n;

const KEY = 'ed25519-1';
/** The token whose signature is changed. */
export const original = signed(claimsOf('a'), KEY);

const bytesOf = (number: bigint) => Buffer.from(number.toString(16).padStart(64, '0'), 'hex').reverse();
const numberOf = (bytes: Uint8Array) => BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`);
const sha512 = (...parts: readonly Uint8Array[]) => createHash('sha512').update(Buffer.concat(parts)).digest();

const { d = '', x = '' } = keyNamed(KEY).privateJwk;
const expanded = sha512(Buffer.from(d, 'base64url'));
/** The private scalar: 32 bytes with five bits cleared and one set. */
const scalar = (numberOf(expanded.subarray(0, 32)) & (2n ** 254n - 8n)) | (2n ** 254n);
const message = Buffer.from(`${original.header}.${original.payload}`, 'latin1');
/** The secret number r, for which R = rB in the original signature. */
const r = numberOf(sha512(expanded.subarray(32), message)) % L;
const R = Buffer.from(original.signature, 'base64url').subarray(0, 32);
const S = numberOf(Buffer.from(original.signature, 'base64url').subarray(32));

function withSignature(first: Uint8Array, second: bigint): Parts {
  return { ...original, signature: base64url(Buffer.concat([first, bytesOf(second)])) };
}

/** Computes S = r + SHA-512(R‖A‖M) · scalar, for any R. */
function signedWith(first: Uint8Array, secret: bigint): Parts {
  const h = numberOf(sha512(first, Buffer.from(x, 'base64url'), message)) % L;
  return withSignature(first, (secret + h * scalar) % L);
}

/** S + L and S + 14 L, which fit into 32 bytes. */
export const HIGH_S: readonly Parts[] = [withSignature(R, S + L), withSignature(R, S + 14n * L)];

const ORDER_8_Y = 2707385501144840649318225287225658788936804267575313519463743609750303402022n;
const SMALL_ORDER_Y = [0n, 1n, ORDER_8_Y, P - ORDER_8_Y, P - 1n, P, P + 1n];

/** The 14 encodings of points of small order as R, with S for r = 0. For R = 1, the identity, the equation holds. */
export const SMALL_R: readonly (readonly [hex: string, parts: Parts])[] = SMALL_ORDER_Y.flatMap((y) =>
  [y, y | SIGN_BIT].map(bytesOf).map((bytes) => [bytes.toString('hex'), signedWith(bytes, 0n)] as const),
);

/** R = rB + (0, -1), which negates both coordinates of rB. Only the equation with the cofactor holds. */
export const COFACTORED: Parts = signedWith(
  bytesOf((P - (numberOf(R) % SIGN_BIT)) | (numberOf(R) >= SIGN_BIT ? 0n : SIGN_BIT)),
  r,
);
