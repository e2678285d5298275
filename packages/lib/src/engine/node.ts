/** Implements the crypto engine with `node:crypto`. It uses synchronous calls with prepared keys, which is the fastest way. */
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
  toHex,
  utf8Length,
} from './node-bytes.ts';
export { outsideContext } from './node-context.ts';
export { bcryptPbkdf, type CipherName, decipher } from './node-openssh.ts';
export { endOfTurn, sharesPromises } from './node-turns.ts';

const CURVE_NAMES: Readonly<Record<Curve, string>> = {
  'P-256': 'prime256v1',
  'P-384': 'secp384r1',
  'P-521': 'secp521r1',
};

/**
 * Verifies a JWS signature. EdDSA needs the one-shot call; for other algorithms, the streaming call is a little faster. ECDSA signatures
 * are passed in DER, because OpenSSL converts r‖s slowly: DER is a third faster.
 *
 * @param signingInput - the text that was signed, in ASCII
 * @param signature - a signature of the length that the key requires; r‖s for ECDSA (RFC 7518 §3.4)
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

/** Signs bytes. Returns r‖s for ECDSA (RFC 7518 §3.4). */
export function sign(algorithm: Algorithm, key: EnginePrivateKey, bytes: Uint8Array): Uint8Array {
  const signature = signOneShot(algorithm.hash, bytes, withScheme(algorithm, key));
  return algorithm.curve === null ? signature : ecdsaRaw(signature, algorithm.minSignature / 2);
}

function withScheme({ pss }: Algorithm, key: KeyObject): KeyObject | SignKeyObjectInput {
  if (!pss) return key;
  return { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };
}

/** Makes a dummy public key whose signatures have the given length, in bytes. */
export function makeDecoyKey(algorithm: Algorithm, signatureLength: number): EnginePublicKey {
  if (algorithm.keyType === 'ed25519') return generateKeyPairSync('ed25519').publicKey;
  if (algorithm.keyType === 'ec') {
    return generateKeyPairSync('ec', { namedCurve: CURVE_NAMES[algorithm.curve as Curve] }).publicKey;
  }
  // Verification needs an odd modulus, not its factors. The first eight bytes are 0xff, so hardly any signature is above the modulus.
  const modulus = randomFillSync(Buffer.alloc(signatureLength, 0xff), 8);
  modulus[signatureLength - 1] = (modulus[signatureLength - 1] as number) | 1;
  return importPublicJwk({ kty: 'RSA', n: encodeBytes(modulus), e: 'AQAB' });
}

/** Computes SHA-256. */
export function sha256(data: Uint8Array | string): Uint8Array {
  return createHash('sha256').update(data).digest();
}

/** Computes SHA-256 of bytes that arrive one after the other. */
export class Sha256 {
  readonly #hash = createHash('sha256');

  update(bytes: Uint8Array): void {
    this.#hash.update(bytes);
  }

  /** Returns the digest in unpadded base64url. Call it once. */
  digest(): string {
    return this.#hash.digest('base64url');
  }
}

/** Computes a digest, for signers that sign digests. */
export function digest(hash: NonNullable<Algorithm['hash']>, bytes: Uint8Array): Uint8Array {
  return createHash(hash).update(bytes).digest();
}

/** Computes SHA-1 for names that are defined as a SHA-1, such as those of Redis scripts. No security depends on it. */
export function sha1Hex(text: string): string {
  return createHash('sha1').update(text).digest('hex');
}

const POOL_SIZE = 4096;
const POOL = /* @__PURE__ */ Buffer.allocUnsafeSlow(POOL_SIZE);
let poolAt = POOL_SIZE;

/**
 * Returns new random bytes in base64url. They come from a pool, because one system call for each token would take longer than encoding the
 * token.
 */
export function randomText(bytes: number): string {
  if (poolAt + bytes > POOL_SIZE) {
    randomFillSync(POOL);
    poolAt = 0;
  }
  const text = POOL.toString('base64url', poolAt, poolAt + bytes);
  poolAt += bytes;
  return text;
}

/** Returns secret random 32-bit words. */
export function randomWords(count: number): Int32Array {
  return randomFillSync(new Int32Array(count));
}

/**
 * Returns whether this process is a worker of `node:cluster`. Loads that module only when called, because the module loads half of Node.
 */
export function isClusterWorker(): boolean {
  return (process.getBuiltinModule('node:cluster') as unknown as Cluster).isWorker;
}

/** The DER or PEM encoding of a public key: SPKI (RFC 5280 §4.1) or PKCS#1 (RFC 8017 §A.1.1). */
export type PublicEncoding = 'spki' | 'pkcs1';

/** Imports a public key from DER. */
export function importPublicDer(der: Uint8Array, type: PublicEncoding): EnginePublicKey {
  // Convert it to PEM: Node takes twice the time for a DER object.
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

/** Returns whether OpenSSL has this cipher, and key files can use it. They cannot use ciphers with an authentication tag. */
export function hasCipher(name: string): boolean {
  const info = getCipherInfo(name);
  if (info === undefined || !KEY_FILE_MODES.includes(info.mode)) return false;
  try {
    // Try the cipher, because `getCipherInfo` also finds ciphers that are not loaded.
    createDecipheriv(name, Buffer.alloc(info.keyLength), info.ivLength ? Buffer.alloc(info.ivLength) : null);
    return true;
  } catch {
    return false;
  }
}

/** Returns whether OpenSSL has this hash. */
export function hasHash(name: string): boolean {
  try {
    createHash(name);
    return true;
  } catch {
    return false;
  }
}

/** Returns the public key of a private key. */
export function publicOf(key: EnginePrivateKey): EnginePublicKey {
  return createPublicKey(key);
}

/** Exports a private key as PKCS#8 (RFC 5958). A passphrase encrypts it with AES-256-CBC and PBKDF2. */
export function exportPrivatePem(key: EnginePrivateKey, passphrase: string | undefined): string {
  const encryption = passphrase === undefined ? {} : { cipher: 'aes-256-cbc', passphrase };
  return key.export({ format: 'pem', type: 'pkcs8', ...encryption }) as string;
}

/** The members that define a key, in the order in which Node exports them. */
const KEY_MEMBERS = ['kty', 'n', 'e', 'crv', 'd', 'p', 'q', 'dp', 'dq', 'qi', 'x', 'y'] as const;

/** Exports a key as a JWK that has only the members that define the key. workerd adds others, such as `alg` and an empty `key_ops`. */
export function exportJwk(key: EnginePublicKey | EnginePrivateKey): JsonWebKey {
  const exported: JsonWebKey = key.export({ format: 'jwk' });
  const jwk: JsonWebKey = {};
  for (const name of KEY_MEMBERS) if (exported[name] !== undefined) jwk[name] = exported[name];
  return jwk;
}

/** Returns the type of a key, as OpenSSL names it: `rsa`, `rsa-pss`, `ec`, `ed25519`, `ed448`, `x25519`, … */
export function keyTypeOf(key: EnginePublicKey | EnginePrivateKey): string | undefined {
  return key.asymmetricKeyType;
}

/** Returns the curve of an EC key, as OpenSSL names it; `undefined` if the key has explicit curve parameters. */
export function curveOf(key: EnginePublicKey | EnginePrivateKey): string | undefined {
  return key.asymmetricKeyDetails?.namedCurve;
}

/** Returns whether a value is a prepared public key. */
export function isPublicKey(value: unknown): value is EnginePublicKey {
  return value instanceof KeyObject && value.type === 'public';
}

/** Returns whether a value is a prepared private key. */
export function isPrivateKey(value: unknown): value is EnginePrivateKey {
  return value instanceof KeyObject && value.type === 'private';
}

/**
 * Generates a private key.
 *
 * @param kind - the type of the key; `bits` is the length of an RSA modulus
 */
export async function generatePrivateKey(
  kind: { keyType: 'rsa'; bits: number } | { keyType: 'ec'; curve: Curve } | { keyType: 'ed25519' },
): Promise<EnginePrivateKey> {
  if (kind.keyType === 'rsa') return settled((done) => generateKeyPair('rsa', { modulusLength: kind.bits }, done));
  if (kind.keyType === 'ed25519') return settled((done) => generateKeyPair('ed25519', {}, done));
  return settled((done) => generateKeyPair('ec', { namedCurve: CURVE_NAMES[kind.curve] }, done));
}

type Generated = (error: Error | null, publicKey: KeyObject, privateKey: KeyObject) => void;

/** Returns the private key that a callback gets. In workerd, `promisify(generateKeyPair)` returns no pair. */
function settled(generate: (done: Generated) => void): Promise<EnginePrivateKey> {
  return new Promise((resolve, reject) => {
    generate((error, _, privateKey) => (error === null ? resolve(privateKey) : reject(error)));
  });
}
