/** A function that signs elsewhere, as a signer: what it returns is checked before it is used. */
import { digest, verify } from '#engine';
import { type AlgorithmName, algorithm } from '../../core/algorithms.ts';
import { checkArgument } from '../../core/arguments.ts';
import type { MaybePromise, Signer } from '../../core/contracts.ts';
import { ecdsaDer, ecdsaRaw } from '../../core/ecdsa-der.ts';
import { checkOptions, type OptionKinds } from '../../core/options.ts';
import { printable } from '../../core/printable.ts';
import { PublicKey } from '../../keys/public-key.ts';
import { KmsError } from './error.ts';

/** What is to be signed. */
export interface KmsRequest {
  readonly alg: AlgorithmName;
  /** The text itself. */
  readonly bytes: Uint8Array;
  /** Its digest by the hash of `alg`; `undefined` for Ed25519, which signs the text itself. */
  readonly digest: Uint8Array | undefined;
}

/** Which key, and how to sign with it. */
export interface KmsSignerOptions {
  /** The public half, as the server has it. */
  readonly publicKey: PublicKey;
  /** One of the algorithms of the public key; default the first of them. */
  readonly alg?: AlgorithmName;
  /** How `sign` returns ECDSA signatures: r‖s as JWS has them, which is the default, or DER (RFC 3279 §2.2.3). */
  readonly ecdsa?: 'raw' | 'der';
  /** Signs. What it throws becomes the `cause` of a {@link KmsError} `not_signed`. */
  sign(request: KmsRequest): MaybePromise<Uint8Array>;
}

const OPTIONS: OptionKinds<KmsSignerOptions> = { publicKey: 'object', alg: 'text', ecdsa: 'text', sign: 'function' };

/** A key elsewhere, as a signer. */
export interface KmsSigner extends Signer {
  readonly publicKey: PublicKey;
  /**
   * @param bytes - the JWS signing input, not hashed (RFC 7515 §5.1)
   * @returns the raw JWS signature, verified: r‖s for ECDSA (RFC 7518 §3.4)
   * @throws KmsError
   */
  sign(bytes: Uint8Array): Promise<Uint8Array>;
}

/**
 * Makes a signer of a function that signs elsewhere: in a key management service, an HSM, or another process.
 *
 * Each signature is verified with the public key before it is used.
 *
 * @param options - {@link KmsSignerOptions}
 * @returns a signer whose `sign` rejects with a `KmsError`
 * @throws TypeError for a wrong option
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
    // The caller may use its bytes for something else while the service is waited for.
    const bytes = Uint8Array.from(given);
    const text = String.fromCharCode(...bytes);
    const { alg, publicKey } = this;
    const { hash } = algorithm(alg);
    const answer = await this.#ask({ alg, bytes, digest: hash === null ? undefined : digest(hash, bytes) });
    const signature = this.#der ? rawOf(answer, publicKey.signatureLength) : answer;
    if (signature.length !== publicKey.signatureLength) {
      throw new KmsError(
        'bad_answer',
        `a signature of this key has ${publicKey.signatureLength} bytes; the answer has ${signature.length}`,
      );
    }
    if (!verify(algorithm(alg), publicKey.handle, text, signature)) {
      throw new KmsError(
        'bad_answer',
        'the signature does not fit the public key: the service has another key, or signs with another algorithm',
      );
    }
    return signature;
  }

  async #ask(request: KmsRequest): Promise<Uint8Array> {
    let answer: Uint8Array;
    try {
      answer = await this.#sign(request);
    } catch (error) {
      if (error instanceof KmsError) throw error;
      const why = error instanceof Error ? printable(error.message, 300) : 'it threw no Error';
      throw new KmsError('not_signed', `the key was not used: ${why}`, { cause: error });
    }
    if (!(answer instanceof Uint8Array)) throw new KmsError('bad_answer', 'the answer has no signature');
    return answer;
  }
}

/** Strict: whatever is not the one DER encoding of r and s (X.690 §10) is refused. */
function rawOf(der: Uint8Array, length: number): Uint8Array {
  const raw = readable(der, length / 2);
  const again = raw === undefined ? undefined : ecdsaDer(raw);
  if (raw === undefined || again?.length !== der.length || !again.every((byte, at) => byte === der[at])) {
    throw new KmsError('bad_answer', 'the signature is not DER of two numbers of the curve');
  }
  return raw;
}

/** @returns `undefined` where a number is longer than a coordinate; what else is wrong shows when it is written again */
function readable(der: Uint8Array, coordinate: number): Uint8Array | undefined {
  try {
    return ecdsaRaw(der, coordinate);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return undefined;
  }
}
