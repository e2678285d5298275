/**
 * Signs requests with a private key of the Web Crypto API, in browsers and other runtimes. Pass a `CryptoKeyPair` to {@link
 * webCryptoSigner}. Its private key may be non-extractable, so that no script can read it.
 */
import { asciiBytes, type JsonWebKey, randomText } from '#engine';
import type { AlgorithmName } from '../../core/algorithms.ts';
import { checkArgument } from '../../core/arguments.ts';
import type { Signer } from '../../core/contracts.ts';
import { publicMembers } from '../../keys/jwk.ts';
import { KeyError } from '../../keys/key-error.ts';
import { checkPublicKey, type KeyAlgorithm, privateKeyAlgorithm, type WebCryptoKey } from './key-algorithm.ts';
import { type WebCryptoPublicKey, webCryptoPublicKey } from './web-crypto-public-key.ts';

export type { WebCryptoKey, WebCryptoPublicKey };

/** A signer whose private key stays in the Web Crypto API. */
export interface WebCryptoSigner extends Signer {
  /** The public key, to register on the server. */
  readonly publicKey: WebCryptoPublicKey;
  /**
   * Signs a message.
   *
   * @param bytes - the JWS signing input, not hashed (RFC 7515 §5.1)
   * @returns the raw JWS signature: r‖s for ECDSA (RFC 7518 §3.4)
   */
  sign(bytes: Uint8Array): Promise<Uint8Array>;
}

/** A key pair, such as `crypto.subtle.generateKey()` returns. */
export interface WebCryptoKeyPair {
  /** An Ed25519, ECDSA or RSASSA-PKCS1-v1_5 key with the usage `sign`. It need not be extractable. */
  readonly privateKey: WebCryptoKey;
  /** The public key. It must be extractable, which the public key of a generated pair always is. */
  readonly publicKey: WebCryptoKey;
}

/**
 * Makes a signer for a key pair of the Web Crypto API (W3C Web Cryptography Level 2), in browsers and other runtimes. The private key may be
 * non-extractable: a script can then sign with it, but cannot read it.
 *
 * Tokens are signed with EdDSA, ES256, ES384, ES512, RS512, RS384 or RS256, depending on the key. Signs once to check that the two keys are
 * a pair.
 *
 * @param keyPair - {@link WebCryptoKeyPair}
 * @returns a signer, and the public key to register on the server
 * @throws TypeError for a key of an unsupported type or without the usage `sign`, an RSA key that does not have 2048 to 8192 bits, a public
 *   key that cannot be exported, and two keys that are not a pair
 * @throws KeyError `unsupported` if there is no `crypto.subtle`, as in pages without TLS
 * @example
 * ```ts
 * import { createAuthorization } from 'asymmetric-jwt-auth/client';
 * import { webCryptoSigner } from 'asymmetric-jwt-auth/web-crypto';
 *
 * const keyPair = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign', 'verify']);
 * const key = await webCryptoSigner(keyPair);
 * console.log(key.publicKey.toPem()); // -----BEGIN PUBLIC KEY----- …
 * console.log(await createAuthorization({ username: 'guido', key })); // JWT eyJ…
 * ```
 */
export async function webCryptoSigner(keyPair: WebCryptoKeyPair): Promise<WebCryptoSigner> {
  const is = typeof keyPair === 'object' && keyPair !== null && 'privateKey' in keyPair && 'publicKey' in keyPair;
  checkArgument(is, 'keyPair', 'a CryptoKeyPair, or an object with privateKey and publicKey', keyPair);
  const { privateKey, publicKey } = keyPair;
  const algorithm = privateKeyAlgorithm(privateKey);
  checkPublicKey(publicKey, privateKey);
  if (globalThis.crypto?.subtle === undefined) {
    throw new KeyError('unsupported', 'this page has no crypto.subtle; load it over https:// or from localhost');
  }
  // Pick the members that define the key, because some runtimes add others.
  const jwk = publicMembers((await crypto.subtle.exportKey('jwk', publicKey as CryptoKey)) as JsonWebKey);
  const signer = new WebCryptoKeySigner(privateKey, algorithm, await webCryptoPublicKey(jwk, algorithm.alg));
  await refuseOtherPair(signer, jwk, privateKey, algorithm);
  return signer;
}

class WebCryptoKeySigner implements WebCryptoSigner {
  readonly alg: AlgorithmName;
  readonly kid: string;
  readonly publicKey: WebCryptoPublicKey;
  readonly #key: CryptoKey;
  readonly #params: KeyAlgorithm['params'];

  constructor(key: WebCryptoKey, { alg, params }: KeyAlgorithm, publicKey: WebCryptoPublicKey) {
    this.alg = alg;
    this.kid = publicKey.kid;
    this.publicKey = publicKey;
    this.#key = key as CryptoKey;
    this.#params = params;
  }

  async sign(bytes: Uint8Array): Promise<Uint8Array> {
    return new Uint8Array(await crypto.subtle.sign(this.#params, this.#key, bytes as Uint8Array<ArrayBuffer>));
  }
}

/** @throws TypeError if the public key does not verify a signature of the private key */
async function refuseOtherPair(
  signer: WebCryptoSigner,
  jwk: JsonWebKey,
  { algorithm }: WebCryptoKey,
  { params }: KeyAlgorithm,
): Promise<void> {
  // The public key of a generated pair may lack the usage `verify`.
  const publicKey = await crypto.subtle.importKey('jwk', jwk, algorithm as Algorithm, true, ['verify']);
  const text = asciiBytes(randomText(32)) as Uint8Array<ArrayBuffer>;
  const signature = (await signer.sign(text)) as Uint8Array<ArrayBuffer>;
  if (!(await crypto.subtle.verify(params, publicKey, signature, text))) {
    throw new TypeError('publicKey: does not belong to privateKey; pass both keys of one pair');
  }
}
