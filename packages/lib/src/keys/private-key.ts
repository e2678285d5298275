/** Generates private keys, and imports them in all common formats. */
import {
  asciiBytes,
  type EnginePrivateKey,
  exportJwk,
  exportPrivatePem,
  generatePrivateKey,
  importPrivateJwk,
  isPrivateKey,
  isPublicKey,
  type JsonWebKey,
  publicOf,
  randomText,
  sign,
  utf8Length,
  verify,
} from '#engine';
import { type Algorithm, type AlgorithmName, algorithm, type Curve, RSA_BITS } from '../core/algorithms.ts';
import { checkArgument } from '../core/arguments.ts';
import type { Signer } from '../core/contracts.ts';
import { checkOptions, numberOption } from '../core/options.ts';
import { readKeyText } from './format.ts';
import { hasPrivateMember, publicJwkFromMembers, publicMembers, readJwkText, signatureAlg } from './jwk.ts';
import { KeyError } from './key-error.ts';
import { checkKeyInput, checkKeyPath } from './misuse.ts';
import { privateJwkOfFile } from './openssh-private.ts';
import { decodePem, privateBlock } from './pem.ts';
import { checkPrivateNumbers, MORE_PRIMES, privateJwkOf } from './private-numbers.ts';
import { openPrivatePem, unwrapPem } from './private-pem.ts';
import { PublicKey, publicJwkOfHandle } from './public-key.ts';

/** Options for importing a private key. */
export interface PrivateKeyOptions {
  /** Decrypts an encrypted key; ignored if the key is not encrypted. */
  readonly passphrase?: string;
  /** The algorithm that the key signs with. The default depends on the type of the key: RS512, EdDSA, ES256, ES384 or ES512. */
  readonly alg?: AlgorithmName;
}

/** Options for generating a private key. */
export interface GenerateOptions {
  /** The modulus length of an RSA key in bits, from 2048 to 8192; default 3072. */
  readonly bits?: number;
  /** The curve of an EC key; default `P-256`. */
  readonly curve?: Curve;
  /** The algorithm that the key signs with. The default is the same as in {@link PrivateKeyOptions}. */
  readonly alg?: AlgorithmName;
}

/**
 * A private key, which signs tokens. Printing it or converting it to JSON shows only its {@link publicKey}.
 *
 * @example
 * ```ts
 * import { PrivateKey } from 'asymmetric-jwt-auth/client';
 *
 * const key = await PrivateKey.generate('ed25519');
 * const pem = key.toPem('correct horse');
 * const same = PrivateKey.from(pem, { passphrase: 'correct horse' });
 * console.log(same.kid === key.kid); // true
 * console.log(key.publicKey.toOpenSsh('laptop')); // ssh-ed25519 AAAA… laptop
 * ```
 */
export class PrivateKey implements Signer {
  readonly alg: AlgorithmName;
  readonly kid: string;
  readonly publicKey: PublicKey;
  readonly #handle: EnginePrivateKey;
  readonly #algorithm: Algorithm;

  private constructor(handle: EnginePrivateKey, alg: AlgorithmName | undefined) {
    checkPrivateNumbers(handle);
    this.publicKey = PublicKey.from(publicJwkOfHandle(publicOf(handle)), alg === undefined ? {} : { alg });
    this.alg = this.publicKey.algorithms[0] as AlgorithmName;
    this.kid = this.publicKey.kid;
    this.#handle = handle;
    this.#algorithm = algorithm(this.alg);
    this.#refuseInconsistent();
  }

  /**
   * Generates a private key.
   *
   * @param type - `ed25519` (default), `rsa` or `ec`
   * @param options - {@link GenerateOptions}
   * @returns the key; write it to a file with {@link PrivateKey.toPem}
   * @throws TypeError for an unknown type, and for an option that is unknown, out of range, or not for this type
   * @throws KeyError `malformed` if `alg` does not fit the type
   */
  static async generate(
    type: 'ed25519' | 'rsa' | 'ec' = 'ed25519',
    options: GenerateOptions = {},
  ): Promise<PrivateKey> {
    checkOptions(options, { bits: 'any', curve: 'any', alg: 'text' });
    const bits = numberOption('bits', options.bits, 3072, RSA_BITS.min, RSA_BITS.max);
    if (!Number.isInteger(bits)) throw new TypeError('option bits: must be a whole number');
    const { curve = 'P-256' } = options;
    if (!['P-256', 'P-384', 'P-521'].includes(curve))
      throw new TypeError('option curve: must be P-256, P-384 or P-521');
    if (options.bits !== undefined && type !== 'rsa') throw new TypeError('option bits: applies only to RSA keys');
    if (options.curve !== undefined && type !== 'ec') throw new TypeError('option curve: applies only to EC keys');
    if (type === 'rsa') return new PrivateKey(await generatePrivateKey({ keyType: 'rsa', bits }), options.alg);
    if (type === 'ec') return new PrivateKey(await generatePrivateKey({ keyType: 'ec', curve }), options.alg);
    if (type === 'ed25519') return new PrivateKey(await generatePrivateKey({ keyType: 'ed25519' }), options.alg);
    throw new TypeError('type: must be ed25519, rsa or ec');
  }

  /**
   * Imports a private key.
   *
   * @param input - PEM (RFC 7468) of PKCS#8 (RFC 5958), PKCS#1 (RFC 8017 §A.1.2) or SEC1 (RFC 5915 §3), or an OpenSSH private key
   *   (`openssh-key-v1`, OpenSSH's PROTOCOL.key), all of these encrypted or not; a JWK or its JSON (RFC 7517, RFC 7518 §6, RFC 8037 §2); or
   *   a `KeyObject`. PEM may contain other text and certificates around its single private key. For environment variables, PEM may have its
   *   line ends written as `\n`, or be base64-encoded as a whole. Decrypting an OpenSSH key needs the package `bcrypt-pbkdf`. It takes 17
   *   to 20 ms of CPU time per round on the calling thread; most keys have 16 or 24 rounds.
   * @param options - {@link PrivateKeyOptions}
   * @returns the key
   * @throws KeyError if the key is refused, for example because its private and public parts do not match; its message never contains the
   *   input
   * @throws TypeError for an input of a wrong type, and for an option that is unknown or of a wrong type
   */
  static from(input: string | JsonWebKey | EnginePrivateKey, options: PrivateKeyOptions = {}): PrivateKey {
    checkKeyInput(input, 'private');
    return PrivateKey.#import(input, options);
  }

  static #import(input: string | JsonWebKey | EnginePrivateKey, options: PrivateKeyOptions): PrivateKey {
    checkOptions(options, { passphrase: 'any', alg: 'text' });
    const { passphrase } = options;
    if (passphrase !== undefined)
      checkArgument(typeof passphrase === 'string', 'option passphrase', 'a string', passphrase);
    const { handle, alg } = typeof input === 'string' ? readText(unwrapPem(input), passphrase) : readObject(input);
    if (alg !== undefined && options.alg !== undefined && alg !== options.alg) {
      throw new KeyError('malformed', `the alg of the JWK is not ${options.alg}`);
    }
    return new PrivateKey(handle, options.alg ?? alg);
  }

  /**
   * Imports a private key from a file.
   *
   * @param path - the path of the file; a leading `~` means the home directory
   * @param options - {@link PrivateKeyOptions}
   * @returns the key
   * @throws KeyError `unreadable` if the file cannot be read, and the errors of {@link PrivateKey.from}
   */
  static async fromFile(path: string, options: PrivateKeyOptions = {}): Promise<PrivateKey> {
    checkKeyPath(path, 'PrivateKey');
    const { readKeyFile } = await import('./key-file.ts');
    return PrivateKey.#import(await readKeyFile(path), options);
  }

  /**
   * Signs bytes with the algorithm {@link PrivateKey.alg}.
   *
   * @param bytes - the JWS signing input (RFC 7515 §5.1), not hashed
   * @returns the raw JWS signature: r‖s for ECDSA (RFC 7518 §3.4)
   */
  sign(bytes: Uint8Array): Uint8Array {
    return sign(this.#algorithm, this.#handle, bytes);
  }

  /**
   * Writes the key as PKCS#8 (RFC 5958).
   *
   * @param passphrase - encrypts the key with PBES2, PBKDF2 and AES-256-CBC (RFC 8018 §6.2); 1 to 1024 bytes, because OpenSSL reads at most
   *   that many
   * @returns PEM (RFC 7468 §10, §11); without a passphrase, the secret is not encrypted
   * @throws TypeError for a passphrase that is empty, too long or not a string
   */
  toPem(passphrase?: string): string {
    if (passphrase !== undefined) {
      const is = typeof passphrase === 'string' && passphrase !== '' && utf8Length(passphrase) <= 1024;
      checkArgument(is, 'passphrase', 'a string of 1 to 1024 bytes', passphrase);
    }
    return exportPrivatePem(this.#handle, passphrase);
  }

  /**
   * Writes the key as a private JWK (RFC 7517, RFC 7518 §6, RFC 8037 §2).
   *
   * @returns a new object with the unencrypted secret and all members of the public JWK
   */
  toJwk(): JsonWebKey {
    return { ...exportJwk(this.#handle), ...this.publicKey.toJwk() };
  }

  /**
   * Returns the public JWK, so that `JSON.stringify` shows no secret.
   *
   * @returns the result of {@link PublicKey.toJwk}
   */
  toJSON(): JsonWebKey {
    return this.publicKey.toJwk();
  }

  /**
   * Refuses a key whose private and public numbers do not match, by signing and verifying once. A signature of such a key is invalid, or
   * can reveal the private number.
   */
  #refuseInconsistent(): void {
    const text = randomText(32);
    let fits = false;
    try {
      fits = verify(this.#algorithm, this.publicKey.handle, text, this.sign(asciiBytes(text)));
    } catch {
      // OpenSSL itself refuses to sign with some of these keys.
    }
    if (!fits) throw new KeyError('malformed', NO_MATCH);
  }
}

const NO_MATCH = 'the private and public numbers of this key do not match';

interface Imported {
  readonly handle: EnginePrivateKey;
  readonly alg?: AlgorithmName | undefined;
}

function readText(text: string, passphrase: string | undefined): Imported {
  const read = readKeyText(text);
  if (read.format === 'jwk') return readJwk(readJwkText(read.text));
  if (read.format === 'line') throw notAPrivateKey(read.text);
  const block = privateBlock(read.text);
  if (block.label === 'OPENSSH PRIVATE KEY') {
    return { handle: importJwk(privateJwkOfFile(decodePem(block).der, passphrase)) };
  }
  return { handle: openPrivatePem(block, passphrase) };
}

function notAPrivateKey(line: string): KeyError {
  if (/^\S+-cert-v\d+@openssh\.com\s/.test(line)) {
    return new KeyError(
      'public_key',
      'this is an OpenSSH certificate; the private key is in the file without -cert.pub',
    );
  }
  return /^(?:ssh-|ecdsa-|sk-)/.test(line)
    ? new KeyError('public_key', 'this is an OpenSSH public key; the private key is in the file without .pub')
    : new KeyError(
        'malformed',
        'this is not a private key in any known format; give PKCS#8, PKCS#1, SEC1 or OpenSSH PEM, or a JWK',
      );
}

function readObject(input: unknown): Imported {
  if (isPrivateKey(input)) return { handle: input };
  if (isPublicKey(input)) throw new KeyError('public_key', 'this is a public KeyObject; signing needs the private one');
  return readJwk(input as JsonWebKey);
}

function readJwk(jwk: JsonWebKey): Imported {
  if (!hasPrivateMember(jwk)) {
    publicJwkFromMembers(jwk);
    throw new KeyError('public_key', 'this is a public JWK; signing needs the private one, which has the member d');
  }
  const { d, p, q, dp, dq, qi, oth } = jwk as JsonWebKey & { oth?: unknown };
  if (oth !== undefined) throw new KeyError('unsupported', MORE_PRIMES);
  const alg = signatureAlg(jwk, 'sign');
  return { handle: importJwk({ ...publicMembers(jwk), d, p, q, dp, dq, qi } as JsonWebKey), alg: alg as AlgorithmName };
}

/** @param jwk - a JWK whose public members are already checked, but whose private members are not */
function importJwk(jwk: JsonWebKey): EnginePrivateKey {
  const members = Object.entries(jwk).filter(([, value]) => value !== undefined);
  let handle: EnginePrivateKey;
  try {
    handle = importPrivateJwk(Object.fromEntries(members));
  } catch {
    throw new KeyError('malformed', 'the numbers of this private key do not form a valid key');
  }
  // OpenSSL accepts base64url that is not canonical, and computes the public part of some keys instead of reading it. This check finds such
  // differences.
  const read: Readonly<Record<string, string | undefined>> = privateJwkOf(handle);
  if (members.some(([name, value]) => read[name] !== value)) throw new KeyError('malformed', NO_MATCH);
  return handle;
}
