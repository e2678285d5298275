/** Signs with the test keys and `node:crypto`, without the library, because the vectors test the library. */
import { constants, createPrivateKey, type JsonWebKey, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';

/** One of the keys of `keys.json`. */
export interface TestKey {
  readonly spki: string;
  readonly kid: string;
  readonly privateJwk: JsonWebKey;
}

/** The contents of `keys.json`. */
export interface KeyFile {
  readonly notice: string;
  readonly keys: Readonly<Record<string, TestKey>>;
  /** ECDSA and PSS signatures by signing input. They are random, so each is made once and kept. */
  readonly randomSignatures: Readonly<Record<string, string>>;
}

export const KEY_FILE = JSON.parse(readFileSync(new URL('../keys.json', import.meta.url), 'utf8')) as KeyFile;

/** The kept signatures that are still used. */
export const signaturesInUse: Record<string, string> = {};

/** The time of all requests, unless a request has its own. */
export const NOW = 1_790_000_000;

/** A JSON value to be encoded, a string, or bytes. */
export type Content = object | string | Uint8Array;

/** The parts of a token. */
export interface Parts {
  readonly header: string;
  readonly payload: string;
  readonly signature: string;
}

export function keyNamed(name: string): TestKey {
  const key = KEY_FILE.keys[name];
  if (key === undefined) throw new Error(`keys.json has no key ${name}`);
  return key;
}

export function base64url(content: Content): string {
  if (content instanceof Uint8Array) return Buffer.from(content).toString('base64url');
  return Buffer.from(typeof content === 'string' ? content : JSON.stringify(content)).toString('base64url');
}

const ALGORITHM_OF_CURVE: Readonly<Record<string, string>> = {
  Ed25519: 'EdDSA',
  'P-256': 'ES256',
  'P-384': 'ES384',
  'P-521': 'ES512',
};

function usualAlgorithm(keyName: string): string {
  return ALGORITHM_OF_CURVE[keyNamed(keyName).privateJwk.crv ?? ''] ?? 'RS512';
}

/** Makes the JOSE header that a client sends. */
export function headerOf(keyName: string, alg: string = usualAlgorithm(keyName)) {
  return { alg, typ: 'JWT', kid: keyNamed(keyName).kid };
}

/** Makes the payload that a client signs. */
export function claimsOf(nonce: string | number, more: object = {}) {
  return { username: 'alice', time: NOW, nonce, ...more };
}

/**
 * Signs a token.
 *
 * @param alg - algorithm of the signature; the header may have another
 */
export function signed(
  payload: Content,
  keyName = 'ed25519-1',
  header: Content = headerOf(keyName),
  alg: string = usualAlgorithm(keyName),
): Parts {
  const parts = { header: base64url(header), payload: base64url(payload) };
  return { ...parts, signature: signatureOf(`${parts.header}.${parts.payload}`, keyName, alg) };
}

function signatureOf(signingInput: string, keyName: string, alg: string): string {
  const key = createPrivateKey({ key: keyNamed(keyName).privateJwk, format: 'jwk' });
  const bytes = Buffer.from(signingInput, 'latin1');
  if (alg === 'EdDSA') return sign(null, bytes, key).toString('base64url');
  const hash = `sha${alg.slice(2)}`;
  if (alg.startsWith('RS')) return sign(hash, bytes, key).toString('base64url');
  const scheme = alg.startsWith('ES')
    ? { key, dsaEncoding: 'ieee-p1363' as const }
    : { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };
  const kept = signaturesInUse[signingInput] ?? KEY_FILE.randomSignatures[signingInput];
  const signature = kept ?? sign(hash, bytes, scheme).toString('base64url');
  signaturesInUse[signingInput] = signature;
  return signature;
}

/** Makes the value of an `Authorization` header. */
export function jwt({ header, payload, signature }: Parts): string {
  return `JWT ${header}.${payload}.${signature}`;
}

/** Like {@link signed}, but returns the value of an `Authorization` header. */
export function signedJwt(...of: Parameters<typeof signed>): string {
  return jwt(signed(...of));
}
