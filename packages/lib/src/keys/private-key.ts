/** Private keys: made here, or imported in every format that people have. The secret stays inside. */
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

/** What a private key may be told on import. */
export interface PrivateKeyOptions {
  /** Opens an encrypted key. Not used for a key that is not encrypted. */
  readonly passphrase?: string;
  /** The one algorithm that the key signs with; default RS512, EdDSA, ES256, ES384 or ES512, after its kind. */
  readonly alg?: AlgorithmName;
}

/** What a new key may be told. */
export interface GenerateOptions {
  /** Modulus length of an RSA key; 2048 to 8192, default 3072. */
  readonly bits?: number;
  /** Curve of an EC key; default `P-256`. */
  readonly curve?: Curve;
  /** The one algorithm that the key signs with. */
  readonly alg?: AlgorithmName;
}

/** A private key: it signs, and knows its {@link publicKey}. Printing it, or turning it into JSON, shows the public half. */
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
   * Makes a new key.
   *
   * @param type - `ed25519`, `rsa` or `ec`
   * @param options - {@link GenerateOptions}
   * @returns a key that is in memory alone
   * @throws TypeError for another type, and for an option that is unknown, out of its range, or for another type
   * @throws KeyError `malformed` for an `alg` of another kind of key
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
    if (options.bits !== undefined && type !== 'rsa') throw new TypeError('option bits: is for RSA keys only');
    if (options.curve !== undefined && type !== 'ec') throw new TypeError('option curve: is for EC keys only');
    if (type === 'rsa') return new PrivateKey(await generatePrivateKey({ keyType: 'rsa', bits }), options.alg);
    if (type === 'ec') return new PrivateKey(await generatePrivateKey({ keyType: 'ec', curve }), options.alg);
    if (type === 'ed25519') return new PrivateKey(await generatePrivateKey({ keyType: 'ed25519' }), options.alg);
    throw new TypeError('type: must be ed25519, rsa or ec');
  }

  /**
   * Imports a private key.
   *
   * @param input - PEM (RFC 7468) of PKCS#8 (RFC 5958), PKCS#1 (RFC 8017 §A.1.2) or SEC1 (RFC 5915 §3), or an OpenSSH private key
   *   (`openssh-key-v1`, OpenSSH's PROTOCOL.key), each plain or encrypted; a JWK or its text (RFC 7517, RFC 7518 §6, RFC 8037 §2); or a
   *   `KeyObject`. A PEM file may have other text and certificates around its one private key. A PEM from an environment variable may
   *   have its line ends written as `\n`, or be wrapped in base64.
   *   An encrypted OpenSSH key needs the package `bcrypt-pbkdf`, which is loaded for it alone, and takes 17 to 20 ms
   *   of CPU time a round, most often 16 or 24 of them, on this thread.
   * @param options - {@link PrivateKeyOptions}
   * @returns the key, checked: its private numbers belong to its public ones
   * @throws KeyError with a `code`: the message names what was found and the way out, and never repeats the input
   * @throws TypeError for an option that is unknown or of another kind, and for an input of another type
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
      throw new KeyError('malformed', `the JWK is not for ${options.alg}`);
    }
    return new PrivateKey(handle, options.alg ?? alg);
  }

  /**
   * Imports a private key from a file.
   *
   * @param path - `~` at its start is the home directory
   * @param options - {@link PrivateKeyOptions}
   * @returns the key, checked
   * @throws KeyError and TypeError as {@link PrivateKey.from}, or KeyError `unreadable`
   */
  static async fromFile(path: string, options: PrivateKeyOptions = {}): Promise<PrivateKey> {
    checkKeyPath(path, 'PrivateKey');
    const { readKeyFile } = await import('./key-file.ts');
    return PrivateKey.#import(await readKeyFile(path), options);
  }

  /**
   * Signs with {@link PrivateKey.alg}.
   *
   * @param bytes - the JWS signing input, not hashed (RFC 7515 §5.1)
   * @returns the raw JWS signature: r‖s for ECDSA (RFC 7518 §3.4)
   */
  sign(bytes: Uint8Array): Uint8Array {
    return sign(this.#algorithm, this.#handle, bytes);
  }

  /**
   * Writes the key as PKCS#8 (RFC 5958).
   *
   * @param passphrase - encrypts it: AES-256-CBC under PBKDF2 (RFC 8018 §6.2); 1 to 1024 bytes, as OpenSSL reads no more
   * @returns PEM (RFC 7468 §10, §11): the secret itself, unless there is a passphrase
   * @throws TypeError for a passphrase that could not open it again
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
   * @returns a new object: the secret itself, with what the public JWK says
   */
  toJwk(): JsonWebKey {
    return { ...exportJwk(this.#handle), ...this.publicKey.toJwk() };
  }

  /**
   * For `JSON.stringify`, which shows no secret.
   *
   * @returns the public JWK, as {@link PublicKey.toJwk}
   */
  toJSON(): JsonWebKey {
    return this.publicKey.toJwk();
  }

  /** A private number that does not fit the public one signs nothing, or gives itself away by what it signs. */
  #refuseInconsistent(): void {
    const text = randomText(32);
    let fits = false;
    try {
      fits = verify(this.#algorithm, this.publicKey.handle, text, this.sign(asciiBytes(text)));
    } catch {
      // OpenSSL notices some such keys by itself.
    }
    if (!fits) throw new KeyError('malformed', DO_NOT_BELONG);
  }
}

const DO_NOT_BELONG = 'the private and the public numbers of this key do not belong together';

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
      'this is an OpenSSH certificate; the private key is the file without -cert.pub, and signs without it',
    );
  }
  return /^(?:ssh-|ecdsa-|sk-)/.test(line)
    ? new KeyError('public_key', 'this is an OpenSSH public key; the private key is the file without .pub')
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
    throw new KeyError('public_key', 'this is a public JWK; signing needs the private one, with d');
  }
  const { d, p, q, dp, dq, qi, oth } = jwk as JsonWebKey & { oth?: unknown };
  if (oth !== undefined) throw new KeyError('unsupported', MORE_PRIMES);
  const alg = signatureAlg(jwk, 'sign');
  return { handle: importJwk({ ...publicMembers(jwk), d, p, q, dp, dq, qi } as JsonWebKey), alg: alg as AlgorithmName };
}

/** @param jwk - strictly public members, and private ones that may be anything */
function importJwk(jwk: JsonWebKey): EnginePrivateKey {
  const members = Object.entries(jwk).filter(([, value]) => value !== undefined);
  let handle: EnginePrivateKey;
  try {
    handle = importPrivateJwk(Object.fromEntries(members));
  } catch {
    throw new KeyError('malformed', 'the members of this private key do not make up a key');
  }
  // OpenSSL reads base64url loosely, and computes the public half of some keys anew instead of reading it.
  const read: Readonly<Record<string, string | undefined>> = privateJwkOf(handle);
  if (members.some(([name, value]) => read[name] !== value)) throw new KeyError('malformed', DO_NOT_BELONG);
  return handle;
}
