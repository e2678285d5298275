/** Maps the algorithms of `CryptoKey`s to those of JWS. */
import { type AlgorithmName, RSA_BITS } from '../../core/algorithms.ts';
import { checkArgument } from '../../core/arguments.ts';

/** The part of `CryptoKey` that is used. Keys of browsers and of all runtimes have this type. */
export interface WebCryptoKey {
  readonly type: string;
  readonly extractable: boolean;
  readonly algorithm: { readonly name: string };
  readonly usages: readonly string[];
}

/** A JWS algorithm, and the parameters with which the Web Crypto API signs. */
export interface KeyAlgorithm {
  readonly alg: AlgorithmName;
  readonly params: { readonly name: string; readonly hash?: string };
}

const ecdsa = (alg: AlgorithmName, hash: string): KeyAlgorithm => ({ alg, params: { name: 'ECDSA', hash } });
const rsa = (alg: AlgorithmName): KeyAlgorithm => ({ alg, params: { name: 'RSASSA-PKCS1-v1_5' } });

/** The algorithms, by the name of the algorithm and its curve or hash. */
const ALGORITHMS: ReadonlyMap<string, KeyAlgorithm> = /* @__PURE__ */ new Map([
  ['Ed25519', { alg: 'EdDSA', params: { name: 'Ed25519' } }],
  ['ECDSA P-256', ecdsa('ES256', 'SHA-256')],
  ['ECDSA P-384', ecdsa('ES384', 'SHA-384')],
  ['ECDSA P-521', ecdsa('ES512', 'SHA-512')],
  ['RSASSA-PKCS1-v1_5 SHA-512', rsa('RS512')],
  ['RSASSA-PKCS1-v1_5 SHA-384', rsa('RS384')],
  ['RSASSA-PKCS1-v1_5 SHA-256', rsa('RS256')],
]);

/**
 * Returns the algorithm of a private key.
 *
 * @throws TypeError for a value that is not a private key, and for a key that cannot sign tokens
 */
export function privateKeyAlgorithm(key: WebCryptoKey): KeyAlgorithm {
  checkKey('privateKey', key, 'private');
  const found = ALGORITHMS.get(nameOf(key));
  if (found === undefined) {
    throw new TypeError(
      `privateKey: ${nameOf(key)} keys cannot sign tokens; use Ed25519, ECDSA (P-256, P-384 or P-521) or RSASSA-PKCS1-v1_5 (SHA-512, SHA-384 or SHA-256)`,
    );
  }
  const bits = (key.algorithm as { modulusLength?: number }).modulusLength ?? RSA_BITS.min;
  if (bits < RSA_BITS.min || bits > RSA_BITS.max) {
    throw new TypeError(`privateKey: has ${bits} bits; an RSA key must have ${RSA_BITS.min} to ${RSA_BITS.max}`);
  }
  if (!key.usages.includes('sign')) {
    throw new TypeError("privateKey: cannot sign; generate or import the key with the usage 'sign'");
  }
  return found;
}

/**
 * Checks that a public key can belong to a private key and can be exported.
 *
 * @throws TypeError that says what to do
 */
export function checkPublicKey(key: WebCryptoKey, privateKey: WebCryptoKey): void {
  checkKey('publicKey', key, 'public');
  if (nameOf(key) !== nameOf(privateKey)) {
    throw new TypeError(`publicKey: its algorithm is ${nameOf(key)}, but that of privateKey is ${nameOf(privateKey)}`);
  }
  if (!key.extractable) {
    throw new TypeError('publicKey: cannot be exported; import it with extractable = true. Only privateKey is secret');
  }
}

/** Returns the name of a key's algorithm, with its curve or hash. */
function nameOf({ algorithm }: WebCryptoKey): string {
  const { name, namedCurve, hash } = algorithm as { name: string; namedCurve?: string; hash?: { name: string } };
  return [name, namedCurve ?? hash?.name].filter((part) => part !== undefined).join(' ');
}

function checkKey(name: string, key: WebCryptoKey, type: 'private' | 'public'): void {
  const is = typeof key === 'object' && key !== null && key.type === type && typeof key.algorithm?.name === 'string';
  checkArgument(is && Array.isArray(key.usages), name, `a CryptoKey of the type ${type}`, key);
}
