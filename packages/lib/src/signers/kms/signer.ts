/** Makes a signer from a function that signs elsewhere. The signer verifies each signature before it returns it. */
import { digest, verify } from '#engine';
import { type AlgorithmName, algorithm } from '../../core/algorithms.ts';
import { checkArgument } from '../../core/arguments.ts';
import type { MaybePromise, Signer } from '../../core/contracts.ts';
import { ecdsaDer, ecdsaRaw } from '../../core/ecdsa-der.ts';
import { checkOptions, type OptionKinds } from '../../core/options.ts';
import { printable } from '../../core/printable.ts';
import { PublicKey } from '../../keys/public-key.ts';
import { KmsError } from './error.ts';

/** A message to sign. */
export interface KmsRequest {
  readonly alg: AlgorithmName;
  /** The message itself. */
  readonly bytes: Uint8Array;
  /** The digest of the message, computed with the hash of `alg`; `undefined` for Ed25519, which signs the message itself. */
  readonly digest: Uint8Array | undefined;
}

/** Options of {@link kmsSigner}. */
export interface KmsSignerOptions {
  /** The public key that is registered on the server. */
  readonly publicKey: PublicKey;
  /** One of the public key's algorithms. Default: the first. */
  readonly alg?: AlgorithmName;
  /** The format of the ECDSA signatures that `sign` returns: r‖s as in JWS (`raw`, the default), or DER (RFC 3279 §2.2.3). */
  readonly ecdsa?: 'raw' | 'der';
  /** Signs the message. If it throws an error, the signer throws a {@link KmsError} `not_signed` with that error as its `cause`. */
  sign(request: KmsRequest): MaybePromise<Uint8Array>;
}

const OPTIONS: OptionKinds<KmsSignerOptions> = { publicKey: 'object', alg: 'text', ecdsa: 'text', sign: 'function' };

/** A signer whose private key is elsewhere. */
export interface KmsSigner extends Signer {
  readonly publicKey: PublicKey;
  /**
   * Signs a message and verifies the signature.
   *
   * @param bytes - the JWS signing input, not hashed (RFC 7515 §5.1)
   * @returns the raw JWS signature: r‖s for ECDSA (RFC 7518 §3.4)
   * @throws KmsError
   */
  sign(bytes: Uint8Array): Promise<Uint8Array>;
}

/**
 * Makes a signer from a function that signs elsewhere: in a key management service, an HSM, or another process.
 *
 * The signer verifies each signature with the public key before it returns it.
 *
 * @param options - {@link KmsSignerOptions}
 * @returns a signer whose `sign` rejects with a `KmsError`
 * @throws TypeError for an unknown or invalid option
 * @example
 * ```ts
 * import { generateKeyPairSync, sign } from 'node:crypto';
 * import { PublicKey } from 'asymmetric-jwt-auth';
 * import { createAuthorization } from 'asymmetric-jwt-auth/client';
 * import { kmsSigner } from 'asymmetric-jwt-auth/kms';
 *
 * // In place of a call to your HSM.
 * const hsm = generateKeyPairSync('ed25519');
 * const key = kmsSigner({
 *   publicKey: PublicKey.from(hsm.publicKey),
 *   sign: ({ bytes }) => sign(null, bytes, hsm.privateKey),
 * });
 * console.log(await createAuthorization({ username: 'guido', key })); // JWT eyJ…
 * ```
 */
export function kmsSigner(options: KmsSignerOptions): KmsSigner {
  checkOptions(options, OPTIONS);
  const { publicKey, alg = publicKey?.algorithms?.[0], ecdsa = 'raw' } = options;
  checkArgument(publicKey instanceof PublicKey, 'option publicKey', 'a PublicKey: PublicKey.from(text)', publicKey);
  checkArgument(typeof options.sign === 'function', 'option sign', 'a function', options.sign);
  checkArgument(ecdsa === 'raw' || ecdsa === 'der', 'option ecdsa', 'raw or der', ecdsa);
  if (alg === undefined || !publicKey.algorithms.includes(alg)) {
    throw new TypeError(`option alg: this key signs with ${publicKey.algorithms.join(', ')}`);
  }
  return new ForeignKey(publicKey, alg, ecdsa === 'der', (request) => options.sign(request));
}

class ForeignKey implements KmsSigner {
  readonly alg: AlgorithmName;
  readonly kid: string;
  readonly publicKey: PublicKey;
  readonly #der: boolean;
  readonly #sign: KmsSignerOptions['sign'];

  constructor(publicKey: PublicKey, alg: AlgorithmName, der: boolean, sign: KmsSignerOptions['sign']) {
    this.publicKey = publicKey;
    this.kid = publicKey.kid;
    this.alg = alg;
    this.#der = der && publicKey.type === 'ec';
    this.#sign = sign;
  }

  async sign(given: Uint8Array): Promise<Uint8Array> {
    // Copy the bytes, because the caller may overwrite them while the service signs.
    const bytes = Uint8Array.from(given);
    const text = String.fromCharCode(...bytes);
    const { alg, publicKey } = this;
    const { hash } = algorithm(alg);
    const received = await this.#ask({ alg, bytes, digest: hash === null ? undefined : digest(hash, bytes) });
    const signature = this.#der ? rawOf(received, publicKey.signatureLength) : received;
    if (signature.length !== publicKey.signatureLength) {
      throw new KmsError(
        'bad_answer',
        `signatures of this key are ${publicKey.signatureLength} bytes long, but the response has ${signature.length}`,
      );
    }
    if (!verify(algorithm(alg), publicKey.handle, text, signature)) {
      throw new KmsError(
        'bad_answer',
        'the signature does not match the public key: the service uses another key or another algorithm',
      );
    }
    return signature;
  }

  async #ask(request: KmsRequest): Promise<Uint8Array> {
    let signature: Uint8Array;
    try {
      signature = await this.#sign(request);
    } catch (error) {
      if (error instanceof KmsError) throw error;
      const reason = error instanceof Error ? printable(error.message, 300) : 'it threw a value that is not an Error';
      throw new KmsError('not_signed', `the service did not sign: ${reason}`, { cause: error });
    }
    if (!(signature instanceof Uint8Array)) throw new KmsError('bad_answer', 'the response has no signature');
    return signature;
  }
}

/** Converts DER to r‖s. Refuses all encodings of r and s except DER (X.690 §10). */
function rawOf(der: Uint8Array, length: number): Uint8Array {
  const raw = readable(der, length / 2);
  const again = raw === undefined ? undefined : ecdsaDer(raw);
  if (raw === undefined || again?.length !== der.length || !again.every((byte, at) => byte === der[at])) {
    throw new KmsError('bad_answer', 'the signature is not the DER encoding of two numbers that fit the curve');
  }
  return raw;
}

/** @returns r‖s, or `undefined` if a number is longer than a coordinate. The caller finds all other errors by encoding the result again */
function readable(der: Uint8Array, coordinate: number): Uint8Array | undefined {
  try {
    return ecdsaRaw(der, coordinate);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return undefined;
  }
}
