/** Imports public keys strictly, in all common formats, and exports them. */
import {
  curveOf,
  type EnginePublicKey,
  exportJwk,
  importPublicDer,
  importPublicJwk,
  isPrivateKey,
  isPublicKey,
  type JsonWebKey,
  keyTypeOf,
  type PublicEncoding,
  sha256,
  toHex,
} from '#engine';
import {
  type AlgorithmName,
  acceptedAlgorithms,
  COORDINATE_LENGTH,
  type Curve,
  type KeyType,
} from '../core/algorithms.ts';
import { decodeBase64url } from '../core/base64url.ts';
import type { VerificationKey } from '../core/contracts.ts';
import { checkOptions } from '../core/options.ts';
import { encodeBase64 } from './base64.ts';
import { publicDer } from './der.ts';
import { EXPLICIT_CURVE, hasExplicitCurve } from './explicit-curve.ts';
import { sshFingerprint, thumbprintOf } from './fingerprint.ts';
import { readKeyText } from './format.ts';
import { publicJwkFromMembers, readJwkText } from './jwk.ts';
import { KeyError } from './key-error.ts';
import { checkKeyInput, checkKeyPath } from './misuse.ts';
import { blobOfJwk, parsePublicLine, publicJwkOfLine } from './openssh.ts';
import { decodePem, isPrivateLabel, nameOfPem, pemOf, publicBlock } from './pem.ts';
import { sameBytes } from './ssh-wire.ts';
import { bitLength, checkEd25519, checkRsa } from './strength.ts';

/** Options for importing a public key. */
export interface PublicKeyOptions {
  /**
   * The only algorithm that the key accepts. A key accepts PS256, PS384 or PS512 only if you give that algorithm here or as the `alg` of a
   * JWK.
   */
  readonly alg?: AlgorithmName;
}

/**
 * A public key. Weak and ambiguous keys cannot be imported.
 *
 * @example
 * ```ts
 * import { PublicKey } from 'asymmetric-jwt-auth';
 *
 * const key = PublicKey.from('ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINdamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea laptop');
 * console.log(key.fingerprint); // SHA256:…
 * console.log(key.algorithms); // [ 'EdDSA', 'Ed25519' ]
 * console.log(key.toPem()); // -----BEGIN PUBLIC KEY----- …
 * ```
 */
export class PublicKey implements VerificationKey {
  /** The SHA-256 of the SPKI PEM in lower-case hex. It is the `kid` in tokens, and the fingerprint in the Python package. */
  readonly kid: string;
  /** The JWK thumbprint (RFC 7638): the SHA-256 of the canonical JWK, in base64url. */
  readonly thumbprint: string;
  /** The OpenSSH fingerprint `SHA256:…`, as `ssh-keygen -l` prints it. */
  readonly fingerprint: string;
  readonly type: KeyType;
  readonly curve: Curve | null;
  /** The modulus length of an RSA key, or the field size of another key, in bits. */
  readonly bits: number;
  /** The algorithms that this key accepts. The private key signs with the first one. */
  readonly algorithms: readonly AlgorithmName[];
  readonly signatureLength: number;
  readonly modulus: Uint8Array | undefined;
  readonly ed25519: Uint8Array | undefined;
  /** The comment of the OpenSSH line that the key was imported from, if there is one. */
  readonly comment: string | undefined;
  readonly handle: EnginePublicKey;
  readonly #jwk: JsonWebKey;

  private constructor({ jwk, facts, handle }: Examined, alg: string | undefined, comment?: string) {
    this.handle = handle;
    this.#jwk = jwk;
    const algorithms = acceptedAlgorithms(facts.type, facts.curve, alg);
    if (algorithms === undefined)
      throw new KeyError('malformed', `the alg ${printableAlg(alg)} does not fit this kind of key`);
    this.algorithms = algorithms;
    this.type = facts.type;
    this.curve = facts.curve;
    this.bits = facts.bits;
    this.signatureLength = facts.signatureLength;
    this.modulus = facts.modulus;
    this.ed25519 = facts.ed25519;
    this.comment = comment;
    this.kid = toHex(sha256(this.toPem()));
    this.thumbprint = thumbprintOf(jwk);
    this.fingerprint = sshFingerprint(blobOfJwk(jwk).blob);
  }

  /**
   * Imports a public key.
   *
   * @param input - PEM (RFC 7468) of SPKI (RFC 5280 §4.1.2.7) or PKCS#1 (RFC 8017 §A.1.1); an OpenSSH public key line (RFC 4253 §6.6, RFC
   *   5656 §3.1, RFC 8709 §4); a JWK or its JSON (RFC 7517, RFC 7518 §6, RFC 8037 §2); or a `KeyObject`
   * @param options - {@link PublicKeyOptions}
   * @returns the key
   * @throws KeyError if the key is refused; its message never contains the input
   * @throws TypeError for an input of a wrong type, and for an option that is unknown or of a wrong type
   */
  static from(input: string | JsonWebKey | EnginePublicKey, options: PublicKeyOptions = {}): PublicKey {
    checkKeyInput(input, 'public');
    return PublicKey.#import(input, options);
  }

  static #import(input: string | JsonWebKey | EnginePublicKey, options: PublicKeyOptions): PublicKey {
    checkOptions(options, { alg: 'text' });
    const { jwk, alg, comment, examined } = typeof input === 'string' ? readText(input) : readObject(input);
    if (alg !== undefined && options.alg !== undefined && alg !== options.alg) {
      throw new KeyError('malformed', `the alg of the JWK is ${printableAlg(alg)}, not ${options.alg}`);
    }
    return new PublicKey(examined ?? examine(jwk), options.alg ?? alg, comment);
  }

  /**
   * Imports a public key from a file.
   *
   * @param path - the path of the file; a leading `~` means the home directory
   * @param options - {@link PublicKeyOptions}
   * @returns the key
   * @throws KeyError `unreadable` if the file cannot be read, and the errors of {@link PublicKey.from}
   */
  static async fromFile(path: string, options: PublicKeyOptions = {}): Promise<PublicKey> {
    checkKeyPath(path, 'PublicKey');
    const { readKeyFile } = await import('./key-file.ts');
    return PublicKey.#import(await readKeyFile(path), options);
  }

  /**
   * Writes the key as SPKI (RFC 5280 §4.1.2.7).
   *
   * @returns PEM (RFC 7468 §13) with lines of 64 characters, `\n` line ends and a final newline
   */
  toPem(): string {
    return pemOf(publicDer(this.#jwk, 'spki'), 'PUBLIC KEY');
  }

  /**
   * Writes an RSA key as PKCS#1 (RFC 8017 §A.1.1).
   *
   * @returns PEM in the layout of {@link PublicKey.toPem}
   * @throws KeyError `unsupported` if the key is not an RSA key
   */
  toPkcs1Pem(): string {
    if (this.type !== 'rsa') throw new KeyError('unsupported', 'PKCS#1 supports only RSA keys; use SPKI PEM');
    return pemOf(publicDer(this.#jwk, 'pkcs1'), 'RSA PUBLIC KEY');
  }

  /**
   * Writes the key as an OpenSSH public key line (RFC 4253 §6.6, RFC 5656 §3.1, RFC 8709 §4).
   *
   * @param comment - the comment of the line; default {@link PublicKey.comment}
   * @returns one line as in a `.pub` file, without a line end
   * @throws KeyError `malformed` if the comment contains line ends, control characters or format characters
   */
  toOpenSsh(comment: string | undefined = this.comment): string {
    const { type, blob } = blobOfJwk(this.#jwk);
    const line = `${type} ${encodeBase64(blob)}${comment === undefined || comment === '' ? '' : ` ${comment}`}`;
    parsePublicLine(line);
    return line;
  }

  /**
   * Writes the key as a JWK (RFC 7517, RFC 7518 §6, RFC 8037 §2).
   *
   * @returns a new object with `kid` and `use`, and with `alg` if the key accepts only one
   */
  toJwk(): JsonWebKey {
    const { kid, type, algorithms } = this;
    const alg = type === 'rsa' && algorithms.length > 1 ? {} : { alg: algorithms[0] as string };
    return { ...this.#jwk, kid, use: 'sig', ...alg };
  }

  /**
   * Returns the JWK, for `JSON.stringify`.
   *
   * @returns the result of {@link PublicKey.toJwk}
   */
  toJSON(): JsonWebKey {
    return this.toJwk();
  }
}

interface Imported {
  readonly jwk: JsonWebKey;
  readonly alg?: string | undefined;
  readonly comment?: string | undefined;
  /** The result of {@link examine}, if reading the key has produced it already. */
  readonly examined?: Examined;
}

/** A key that has passed all checks. */
interface Examined {
  readonly jwk: JsonWebKey;
  readonly facts: Facts;
  readonly handle: EnginePublicKey;
}

function examine(jwk: JsonWebKey): Examined {
  const facts = checkMembers(jwk);
  return { jwk, facts, handle: canonicalKey(jwk) };
}

function readText(text: string): Imported {
  const read = readKeyText(text);
  if (read.format === 'jwk') return publicJwkFromMembers(readJwkText(read.text));
  if (read.format === 'line') {
    const line = parsePublicLine(read.text);
    return { jwk: publicJwkOfLine(line), comment: line.comment };
  }
  const block = publicBlock(read.text);
  const { label } = block;
  if (label === 'PUBLIC KEY') return publicKeyOfDer(decodePem(block).der, 'spki');
  if (label === 'RSA PUBLIC KEY') return publicKeyOfDer(decodePem(block).der, 'pkcs1');
  if (isPrivateLabel(label)) {
    throw new KeyError(
      'private_key',
      `this is a private key (${nameOfPem(label)}); keep it secret, and give its public half: the .pub file, or \`${label === 'OPENSSH PRIVATE KEY' ? 'ssh-keygen -y' : 'openssl pkey -pubout'}\``,
    );
  }
  if (label.includes('CERTIFICATE')) {
    throw new KeyError(
      'unsupported',
      'this is a certificate; extract its public key with `openssl x509 -noout -pubkey -in FILE`',
    );
  }
  throw new KeyError('unsupported', `${nameOfPem(label)} is not a supported public key`);
}

function readObject(input: unknown): Imported {
  if (isPublicKey(input)) return { jwk: publicJwkOfHandle(input) };
  if (isPrivateKey(input))
    throw new KeyError('private_key', 'this is a private KeyObject; give its public half: createPublicKey(key)');
  return publicJwkFromMembers(input as JsonWebKey);
}

/**
 * Reads the DER of a key, and accepts only its canonical form: no trailing bytes, no overlong lengths, and no explicit curve parameters.
 */
function publicKeyOfDer(der: Uint8Array, type: PublicEncoding): Imported {
  let handle: EnginePublicKey;
  try {
    handle = importPublicDer(der, type);
  } catch {
    throw new KeyError('malformed', `the PEM block does not contain a public key in ${type.toUpperCase()} encoding`);
  }
  const jwk = publicJwkOfHandle(handle);
  const facts = checkMembers(jwk);
  if (!sameBytes(publicDer(jwk, type), der)) {
    if (hasExplicitCurve(der)) throw new KeyError('unsupported', EXPLICIT_CURVE);
    throw new KeyError(
      'malformed',
      'the PEM block is not the canonical DER encoding of its key; write it again with `openssl pkey -pubin -pubout`',
    );
  }
  return { jwk, examined: { jwk, facts, handle } };
}

const CURVES: Readonly<Record<string, Curve>> = { prime256v1: 'P-256', secp384r1: 'P-384', secp521r1: 'P-521' };

/** Returns the canonical JWK of a key that OpenSSL has imported. */
export function publicJwkOfHandle(handle: EnginePublicKey): JsonWebKey {
  const type = keyTypeOf(handle);
  if (type === 'rsa-pss') {
    throw new KeyError(
      'unsupported',
      'this RSA key is restricted to PSS; register the same modulus as a plain RSA key with alg PS256',
    );
  }
  if (type !== 'rsa' && type !== 'ec' && type !== 'ed25519') {
    throw new KeyError(
      'unsupported',
      `keys of type ${type} are not supported; use RSA, Ed25519, P-256, P-384 or P-521`,
    );
  }
  const curve = curveOf(handle);
  if (type === 'ec' && (curve === undefined || CURVES[curve] === undefined)) {
    throw new KeyError(
      'unsupported',
      `the curve ${curve ?? 'with explicit parameters'} is not supported; use P-256, P-384 or P-521`,
    );
  }
  try {
    return publicJwkFromMembers(exportJwk(handle)).jwk;
  } catch {
    throw new KeyError('malformed', 'this key is not a point on its curve');
  }
}

interface Facts {
  readonly type: KeyType;
  readonly curve: Curve | null;
  readonly bits: number;
  readonly signatureLength: number;
  readonly modulus: Uint8Array | undefined;
  readonly ed25519?: Uint8Array;
}

function checkMembers(jwk: JsonWebKey): Facts {
  const bytes = (member: string | undefined) => decodeBase64url(member as string) as Uint8Array;
  if (jwk.kty === 'RSA') {
    const modulus = bytes(jwk.n);
    checkRsa(modulus, bytes(jwk.e));
    return { type: 'rsa', curve: null, bits: bitLength(modulus), signatureLength: modulus.length, modulus };
  }
  if (jwk.kty === 'OKP') {
    const ed25519 = bytes(jwk.x);
    checkEd25519(ed25519);
    return { type: 'ed25519', curve: null, bits: 256, signatureLength: 64, modulus: undefined, ed25519 };
  }
  const curve = jwk.crv as Curve;
  const length = COORDINATE_LENGTH[curve];
  return { type: 'ec', curve, bits: Number(curve.slice(2)), signatureLength: 2 * length, modulus: undefined };
}

function canonicalKey(jwk: JsonWebKey): EnginePublicKey {
  try {
    return importPublicJwk(jwk);
  } catch {
    throw new KeyError('malformed', 'this key is not a point on its curve');
  }
}

function printableAlg(alg: string | undefined): string {
  return /^[\w-]{1,20}$/.test(alg ?? '') ? (alg as string) : 'value';
}
