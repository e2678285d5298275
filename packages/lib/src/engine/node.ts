/** The crypto engine on `node:crypto`. It calls synchronously, on prepared keys: that is the fastest way. */
import type { Cluster } from 'node:cluster';
import {
  constants,
  createDecipheriv,
  createHash,
  createPrivateKey,
  createPublicKey,
  createVerify,
  generateKeyPair,
  generateKeyPairSync,
  getCipherInfo,
  KeyObject,
  randomFillSync,
  type SignKeyObjectInput,
  sign as signOneShot,
  verify as verifyOneShot,
} from 'node:crypto';
import { promisify } from 'node:util';
import type { Algorithm, Curve } from '../core/algorithms.ts';
import { ecdsaDer, ecdsaRaw } from '../core/ecdsa-der.ts';
import type { JsonWebKey } from '../core/json-web-key.ts';
import { encodeBytes } from './node-bytes.ts';

/** A prepared public key. */
export type EnginePublicKey = KeyObject;
/** A prepared private key. */
export type EnginePrivateKey = KeyObject;
export type { JsonWebKey } from '../core/json-web-key.ts';
export {
  asciiBytes,
  asciiInScratch,
  decodeBase64urlLoosely,
  decodeToScratch,
  decodeToSlab,
  encodeBytes,
  encodeText,
  scratch,
  textInScratch,
  utf8Length,
} from './node-bytes.ts';
export { bcryptPbkdf, type CipherName, decipher } from './node-openssh.ts';
export { endOfTurn } from './node-turns.ts';

const CURVE_NAMES: Readonly<Record<Curve, string>> = {
  'P-256': 'prime256v1',
  'P-384': 'secp384r1',
  'P-521': 'secp521r1',
};

/**
 * Verifies a JWS signature. The streaming call is a little faster than the one-shot call, which EdDSA needs. DER is a third faster than
 * r‖s, which OpenSSL converts slowly.
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

/** Signs. Returns r‖s for ECDSA (RFC 7518 §3.4). */
export function sign(algorithm: Algorithm, key: EnginePrivateKey, bytes: Uint8Array): Uint8Array {
  const signature = signOneShot(algorithm.hash, bytes, withScheme(algorithm, key));
  return algorithm.curve === null ? signature : ecdsaRaw(signature, algorithm.minSignature / 2);
}

function withScheme({ pss }: Algorithm, key: KeyObject): KeyObject | SignKeyObjectInput {
  if (!pss) return key;
  return { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };
}

/** Makes a dummy public key whose signatures have this length, in bytes. */
export function makeDecoyKey(algorithm: Algorithm, signatureLength: number): EnginePublicKey {
  if (algorithm.keyType === 'ed25519') return generateKeyPairSync('ed25519').publicKey;
  if (algorithm.keyType === 'ec') {
    return generateKeyPairSync('ec', { namedCurve: CURVE_NAMES[algorithm.curve as Curve] }).publicKey;
  }
  // Verification needs an odd modulus, not its factors. The high bits are ones, so that hardly any signature is above it.
  const modulus = randomFillSync(Buffer.alloc(signatureLength, 0xff), 8);
  modulus[signatureLength - 1] = (modulus[signatureLength - 1] as number) | 1;
  return importPublicJwk({ kty: 'RSA', n: encodeBytes(modulus), e: 'AQAB' });
}

/** Computes SHA-256. */
export function sha256(data: Uint8Array | string): Uint8Array {
  return createHash('sha256').update(data).digest();
}

/** Computes the digest for a signer that signs digests. */
export function digest(hash: NonNullable<Algorithm['hash']>, bytes: Uint8Array): Uint8Array {
  return createHash(hash).update(bytes).digest();
}

/** Computes SHA-1 for names that are defined by it, such as Redis's names of scripts. No security depends on it. */
export function sha1Hex(text: string): string {
  return createHash('sha1').update(text).digest('hex');
}

const POOL_SIZE = 4096;
const POOL = /* @__PURE__ */ Buffer.allocUnsafeSlow(POOL_SIZE);
let poolAt = POOL_SIZE;

/** Returns new random bytes in base64url. They come from a pool: a system call for each would cost more than the rest of a token. */
export function randomText(bytes: number): string {
  if (poolAt + bytes > POOL_SIZE) {
    randomFillSync(POOL);
    poolAt = 0;
  }
  const text = POOL.toString('base64url', poolAt, poolAt + bytes);
  poolAt += bytes;
  return text;
}

/** Returns secret random words of 32 bits. */
export function randomWords(count: number): Int32Array {
  return randomFillSync(new Int32Array(count));
}

/** Reports whether this process is a worker of `node:cluster`. Loads that module only here, as it loads half of Node. */
export function isClusterWorker(): boolean {
  return (process.getBuiltinModule('node:cluster') as unknown as Cluster).isWorker;
}

/** DER or PEM encodings of a public key: RFC 5280 §4.1 SPKI, RFC 8017 §A.1.1 PKCS#1. */
export type PublicEncoding = 'spki' | 'pkcs1';

/** Imports a public key from DER. */
export function importPublicDer(der: Uint8Array, type: PublicEncoding): EnginePublicKey {
  // As PEM: with an object, Node takes twice the time.
  const label = type === 'spki' ? 'PUBLIC KEY' : 'RSA PUBLIC KEY';
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return createPublicKey([`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n'));
}

/** Imports a public key from a JWK. */
export function importPublicJwk(jwk: JsonWebKey): EnginePublicKey {
  return createPublicKey({ key: jwk, format: 'jwk' });
}

/** Imports a private key from a JWK. */
export function importPrivateJwk(jwk: JsonWebKey): EnginePrivateKey {
  return createPrivateKey({ key: jwk, format: 'jwk' });
}

/** Imports a private key from PEM. */
export function importPrivatePem(pem: string, passphrase: string | undefined): EnginePrivateKey {
  return createPrivateKey(passphrase === undefined ? pem : { key: pem, passphrase });
}

const KEY_FILE_MODES: readonly string[] = ['cbc', 'cfb', 'ofb', 'ctr', 'ecb', 'stream'];

/** Reports whether this OpenSSL has a cipher for key files. Ciphers with an authentication tag are not for key files. */
export function hasCipher(name: string): boolean {
  const info = getCipherInfo(name);
  if (info === undefined || !KEY_FILE_MODES.includes(info.mode)) return false;
  try {
    // OpenSSL knows the names of ciphers that are not loaded.
    createDecipheriv(name, Buffer.alloc(info.keyLength), info.ivLength ? Buffer.alloc(info.ivLength) : null);
    return true;
  } catch {
    return false;
  }
}

/** Reports whether this OpenSSL has a hash. */
export function hasHash(name: string): boolean {
  try {
    createHash(name);
    return true;
  } catch {
    return false;
  }
}

/** Derives the public key. */
export function publicOf(key: EnginePrivateKey): EnginePublicKey {
  return createPublicKey(key);
}

/** Exports a private key as PKCS#8 (RFC 5958), with a passphrase encrypted with AES-256-CBC and PBKDF2. */
export function exportPrivatePem(key: EnginePrivateKey, passphrase: string | undefined): string {
  const encryption = passphrase === undefined ? {} : { cipher: 'aes-256-cbc', passphrase };
  return key.export({ format: 'pem', type: 'pkcs8', ...encryption }) as string;
}

/** Exports a key as a JWK. */
export function exportJwk(key: EnginePublicKey | EnginePrivateKey): JsonWebKey {
  return key.export({ format: 'jwk' });
}

/** Returns OpenSSL's name of the key type: `rsa`, `rsa-pss`, `ec`, `ed25519`, `ed448`, `x25519`, … */
export function keyTypeOf(key: EnginePublicKey | EnginePrivateKey): string | undefined {
  return key.asymmetricKeyType;
}

/** Returns OpenSSL's name of an EC key's curve; `undefined` for explicit parameters. */
export function curveOf(key: EnginePublicKey | EnginePrivateKey): string | undefined {
  return key.asymmetricKeyDetails?.namedCurve;
}

/** Reports whether a value is a prepared public key. */
export function isPublicKey(value: unknown): value is EnginePublicKey {
  return value instanceof KeyObject && value.type === 'public';
}

/** Reports whether a value is a prepared private key. */
export function isPrivateKey(value: unknown): value is EnginePrivateKey {
  return value instanceof KeyObject && value.type === 'private';
}

/**
 * Generates a private key.
 *
 * @param kind - the type; `bits` is the length of an RSA modulus
 */
export async function generatePrivateKey(
  kind: { keyType: 'rsa'; bits: number } | { keyType: 'ec'; curve: Curve } | { keyType: 'ed25519' },
): Promise<EnginePrivateKey> {
  const generate = promisify(generateKeyPair);
  if (kind.keyType === 'rsa') return (await generate('rsa', { modulusLength: kind.bits })).privateKey;
  if (kind.keyType === 'ec') return (await generate('ec', { namedCurve: CURVE_NAMES[kind.curve] })).privateKey;
  return (await generate('ed25519')).privateKey;
}
