/** The crypto engine on `node:crypto`: synchronous one-shot calls on prepared keys, the fast path. */
import { isUtf8 } from 'node:buffer';
import type { Cluster } from 'node:cluster';
import {
  constants,
  createHash,
  createPrivateKey,
  createPublicKey,
  createVerify,
  generateKeyPair,
  generateKeyPairSync,
  type JsonWebKey,
  KeyObject,
  randomFillSync,
  type SignKeyObjectInput,
  sign as signOneShot,
  verify as verifyOneShot,
} from 'node:crypto';
import { promisify } from 'node:util';
import type { Algorithm, Curve } from '../core/algorithms.ts';
import { ecdsaDer, ecdsaRaw } from '../core/ecdsa-der.ts';

/** A prepared public key. */
export type EnginePublicKey = KeyObject;
/** A prepared private key. */
export type EnginePrivateKey = KeyObject;
export { bcryptPbkdf, type CipherName, decipher } from './node-openssh.ts';
export type { JsonWebKey };

const CURVE_NAMES: Readonly<Record<Curve, string>> = {
  'P-256': 'prime256v1',
  'P-384': 'secp384r1',
  'P-521': 'secp521r1',
};

/**
 * Verifies a JWS signature. The streaming call is a little faster than the one-shot call, and DER a third faster than r‖s, which
 * OpenSSL's providers convert at a high price; EdDSA knows only the one-shot call.
 *
 * @param signingInput - ASCII
 * @param signature - of the exact length; r‖s for ECDSA (RFC 7518 §3.4)
 */
export function verify(
  algorithm: Algorithm,
  key: EnginePublicKey,
  signingInput: string,
  signature: Uint8Array,
): boolean {
  if (algorithm.hash === null) return verifyOneShot(null, Buffer.from(signingInput, 'latin1'), key, signature);
  const der = algorithm.curve === null ? signature : ecdsaDer(signature);
  return createVerify(algorithm.hash).update(signingInput, 'latin1').verify(withScheme(algorithm, key), der);
}

/** Signs; r‖s for ECDSA (RFC 7518 §3.4). */
export function sign(algorithm: Algorithm, key: EnginePrivateKey, bytes: Uint8Array): Uint8Array {
  const signature = signOneShot(algorithm.hash, bytes, withScheme(algorithm, key));
  return algorithm.curve === null ? signature : ecdsaRaw(signature, algorithm.minSignature / 2);
}

function withScheme({ pss }: Algorithm, key: KeyObject): KeyObject | SignKeyObjectInput {
  if (!pss) return key;
  return { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };
}

/** A public key that is nobody's, of the size whose signatures have this length in bytes. */
export function makeDecoyKey(algorithm: Algorithm, signatureLength: number): EnginePublicKey {
  if (algorithm.keyType === 'ed25519') return generateKeyPairSync('ed25519').publicKey;
  if (algorithm.keyType === 'ec') {
    return generateKeyPairSync('ec', { namedCurve: CURVE_NAMES[algorithm.curve as Curve] }).publicKey;
  }
  // Verification needs an odd modulus, not its factors. Its high bits are ones, so that hardly any signature lies above it.
  const modulus = randomFillSync(Buffer.alloc(signatureLength, 0xff), 8);
  modulus[signatureLength - 1] = (modulus[signatureLength - 1] as number) | 1;
  return importPublicJwk({ kty: 'RSA', n: encodeBytes(modulus), e: 'AQAB' });
}

/** What `write` and `toString` of a Buffer come down to once they have looked at the name of the encoding, which takes them as long. */
interface DirectBuffer extends Buffer {
  base64urlWrite(text: string, offset: number, length: number): number;
  latin1Slice(start: number, end: number): string;
}

/** Reads base64 and base64url alike, and skips what is neither: `core/base64url.ts` makes it strict. */
export function decodeBase64urlLoosely(text: string): Uint8Array {
  return Buffer.from(text, 'base64url');
}

/** Longest text that is read without allocating, in characters: the limit of a token. */
const MAX_TEXT = 8192;
const scratchBuffer = Buffer.alloc(MAX_TEXT) as DirectBuffer;
const scratchWords = new Int32Array(scratchBuffer.buffer, scratchBuffer.byteOffset, MAX_TEXT / 4);
/** Where it reads them: whoever looks at them does so before the next call, and nothing is allocated for a request. */
export const scratch: Uint8Array = new Uint8Array(scratchBuffer.buffer, scratchBuffer.byteOffset, MAX_TEXT);

/**
 * Reads base64 and base64url alike into the scratch, and skips what is neither.
 *
 * @param text - at most 8192 characters
 * @returns how many bytes came out
 */
export function decodeToScratch(text: string): number {
  return scratchBuffer.base64urlWrite(text, 0, MAX_TEXT);
}

const signatureBuffer = Buffer.alloc(MAX_TEXT) as DirectBuffer;
/** By length. */
const signatureViews: Uint8Array[] = [];
/** Whose bytes lie there. */
let signatureText = '';
let signatureLength = 0;

/**
 * Reads a signature out of base64 or base64url, and skips what is neither. It is asked twice for each token, and reads again only if
 * another one was read in between.
 *
 * @param text - at most 8192 characters
 * @returns how many bytes came out
 */
export function readSignature(text: string): number {
  if (text !== signatureText) {
    signatureLength = signatureBuffer.base64urlWrite(text, 0, MAX_TEXT);
    signatureText = text;
  }
  return signatureLength;
}

/** The bytes of a signature. They are to be used at once: the next signature is read to the same place. */
export function signatureBytes(text: string): Uint8Array {
  const length = readSignature(text);
  signatureViews[length] ??= new Uint8Array(signatureBuffer.buffer, signatureBuffer.byteOffset, length);
  return signatureViews[length];
}

/** The first bytes in the scratch, which are ASCII, as a text. */
export function asciiInScratch(length: number): string {
  return scratchBuffer.latin1Slice(0, length);
}

/** The first bytes in the scratch as a text, or `undefined` where they are not well-formed UTF-8. */
export function textInScratch(length: number): string | undefined {
  if (isAscii(length)) return asciiInScratch(length);
  return isUtf8(scratchBuffer.subarray(0, length)) ? scratchBuffer.toString('utf8', 0, length) : undefined;
}

/** Whether the scratch holds only ASCII. It may say no for what lies up to three bytes behind: that costs time only. */
function isAscii(length: number): boolean {
  let bits = 0;
  for (let word = (length + 3) >> 2; word-- > 0; ) bits |= scratchWords[word] as number;
  return (bits & 0x80808080) === 0;
}

/** UTF-8, then base64url. */
export function encodeText(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64url');
}

export function encodeBytes(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64url');
}

/** Bytes of ASCII text. */
export function asciiBytes(text: string): Uint8Array {
  return Buffer.from(text, 'latin1');
}

export function utf8Length(text: string): number {
  return Buffer.byteLength(text, 'utf8');
}

export function sha256(data: Uint8Array | string): Uint8Array {
  return createHash('sha256').update(data).digest();
}

/** Hashes for a signer that is given a digest. */
export function digest(hash: NonNullable<Algorithm['hash']>, bytes: Uint8Array): Uint8Array {
  return createHash(hash).update(bytes).digest();
}

/** For names that others make with SHA-1, such as Redis's for its scripts; nothing's safety rests on it. */
export function sha1Hex(text: string): string {
  return createHash('sha1').update(text).digest('hex');
}

const POOL = Buffer.allocUnsafeSlow(4096);
let poolAt = POOL.length;

/** Fresh random bytes as base64url, out of a pool: a system call for each would cost more than the rest of a token. */
export function randomText(bytes: number): string {
  if (poolAt + bytes > POOL.length) {
    randomFillSync(POOL);
    poolAt = 0;
  }
  const text = POOL.toString('base64url', poolAt, poolAt + bytes);
  poolAt += bytes;
  return text;
}

/** Secret random words of 32 bits. */
export function randomWords(count: number): Int32Array {
  return randomFillSync(new Int32Array(count));
}

/** Whether this process shares its work, and no memory, with others. Loaded when asked for: `node:cluster` brings half of Node along. */
export function isClusterWorker(): boolean {
  return (process.getBuiltinModule('node:cluster') as unknown as Cluster).isWorker;
}

/** DER or PEM encodings of a public key: RFC 5280 §4.1 SPKI, RFC 8017 §A.1.1 PKCS#1. */
export type PublicEncoding = 'spki' | 'pkcs1';

export function importPublicDer(der: Uint8Array, type: PublicEncoding): EnginePublicKey {
  // As a text: at what an object is, Node looks so long that it takes twice the time.
  const label = type === 'spki' ? 'PUBLIC KEY' : 'RSA PUBLIC KEY';
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return createPublicKey([`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n'));
}

export function importPublicJwk(jwk: JsonWebKey): EnginePublicKey {
  return createPublicKey({ key: jwk, format: 'jwk' });
}

export function importPrivateJwk(jwk: JsonWebKey): EnginePrivateKey {
  return createPrivateKey({ key: jwk, format: 'jwk' });
}

export function importPrivatePem(pem: string, passphrase: string | undefined): EnginePrivateKey {
  return createPrivateKey(passphrase === undefined ? pem : { key: pem, passphrase });
}

export function publicOf(key: EnginePrivateKey): EnginePublicKey {
  return createPublicKey(key);
}

/** PKCS#8 (RFC 5958); encrypted with AES-256-CBC under PBKDF2 where there is a passphrase. */
export function exportPrivatePem(key: EnginePrivateKey, passphrase: string | undefined): string {
  const encryption = passphrase === undefined ? {} : { cipher: 'aes-256-cbc', passphrase };
  return key.export({ format: 'pem', type: 'pkcs8', ...encryption }) as string;
}

export function exportJwk(key: EnginePublicKey | EnginePrivateKey): JsonWebKey {
  return key.export({ format: 'jwk' });
}

/** OpenSSL's name of the key's kind: `rsa`, `rsa-pss`, `ec`, `ed25519`, `ed448`, `x25519`, … */
export function keyTypeOf(key: EnginePublicKey | EnginePrivateKey): string | undefined {
  return key.asymmetricKeyType;
}

/** OpenSSL's name of an EC key's curve; `undefined` for explicit parameters. */
export function curveOf(key: EnginePublicKey | EnginePrivateKey): string | undefined {
  return key.asymmetricKeyDetails?.namedCurve;
}

export function isPublicKey(value: unknown): value is EnginePublicKey {
  return value instanceof KeyObject && value.type === 'public';
}

export function isPrivateKey(value: unknown): value is EnginePrivateKey {
  return value instanceof KeyObject && value.type === 'private';
}

/** @param bits - modulus length of an RSA key */
export async function generatePrivateKey(
  kind: { keyType: 'rsa'; bits: number } | { keyType: 'ec'; curve: Curve } | { keyType: 'ed25519' },
): Promise<EnginePrivateKey> {
  const generate = promisify(generateKeyPair);
  if (kind.keyType === 'rsa') return (await generate('rsa', { modulusLength: kind.bits })).privateKey;
  if (kind.keyType === 'ec') return (await generate('ec', { namedCurve: CURVE_NAMES[kind.curve] })).privateKey;
  return (await generate('ed25519')).privateKey;
}
