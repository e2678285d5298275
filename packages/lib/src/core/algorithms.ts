/** Lists the JWS algorithms in a table. Signing and verifying take an entry of the table, never a name. */

/** The supported JWS `alg` names (RFC 7518 §3.1, RFC 8037 §3.1, RFC 9864 §2.2). HMAC and `none` are not supported. */
export type AlgorithmName =
  | 'RS512'
  | 'RS384'
  | 'RS256'
  | 'PS512'
  | 'PS384'
  | 'PS256'
  | 'ES256'
  | 'ES384'
  | 'ES512'
  | 'EdDSA'
  | 'Ed25519';

/** The kinds of key that can sign a token. */
export type KeyType = 'rsa' | 'ec' | 'ed25519';

/** The NIST curves of RFC 7518 §6.2.1.1. */
export type Curve = 'P-256' | 'P-384' | 'P-521';

/** An entry of the table of algorithms. */
export interface Algorithm {
  readonly name: AlgorithmName;
  readonly keyType: KeyType;
  readonly hash: 'sha256' | 'sha384' | 'sha512' | null;
  /** Whether RSA signatures have PSS padding, with a salt as long as the hash (RFC 7518 §3.5). */
  readonly pss: boolean;
  readonly curve: Curve | null;
  /** Length of the shortest signature by any supported key, in bytes. */
  readonly minSignature: number;
  /** Length of the longest signature by any supported key, in bytes. */
  readonly maxSignature: number;
}

/** Supported sizes of RSA moduli, in bits. */
export const RSA_BITS = { min: 2048, max: 8192 } as const;

/** Length of a coordinate in bytes. In a signature, r and s have this length too (RFC 7518 §3.4). */
export const COORDINATE_LENGTH: Readonly<Record<Curve, number>> = { 'P-256': 32, 'P-384': 48, 'P-521': 66 };

const rsa = (name: AlgorithmName, hash: Algorithm['hash'], pss: boolean): Algorithm => ({
  name,
  keyType: 'rsa',
  hash,
  pss,
  curve: null,
  minSignature: RSA_BITS.min / 8,
  maxSignature: RSA_BITS.max / 8,
});
const ec = (name: AlgorithmName, hash: Algorithm['hash'], curve: Curve): Algorithm => {
  const length = 2 * COORDINATE_LENGTH[curve];
  return { name, keyType: 'ec', hash, pss: false, curve, minSignature: length, maxSignature: length };
};
const ed25519 = (name: AlgorithmName): Algorithm => ({
  name,
  keyType: 'ed25519',
  hash: null,
  pss: false,
  curve: null,
  minSignature: 64,
  maxSignature: 64,
});

const entries: readonly Algorithm[] = [
  rsa('RS512', 'sha512', false),
  rsa('RS384', 'sha384', false),
  rsa('RS256', 'sha256', false),
  rsa('PS512', 'sha512', true),
  rsa('PS384', 'sha384', true),
  rsa('PS256', 'sha256', true),
  ec('ES256', 'sha256', 'P-256'),
  ec('ES384', 'sha384', 'P-384'),
  ec('ES512', 'sha512', 'P-521'),
  ed25519('EdDSA'),
  ed25519('Ed25519'),
];

/** Maps names to algorithms. The object has no prototype, so `__proto__` and `toString` are `undefined`. */
export const ALGORITHMS: Readonly<Record<string, Algorithm | undefined>> = Object.freeze(
  Object.assign(
    Object.create(null) as Record<string, Algorithm>,
    Object.fromEntries(entries.map((entry) => [entry.name, Object.freeze(entry)])),
  ),
);

/** Returns the algorithm with this name. */
export function algorithm(name: AlgorithmName): Algorithm {
  return ALGORITHMS[name] as Algorithm;
}

// Marked pure, so that bundlers drop these arrays from programs that read no keys.
const RSA_PKCS1: readonly AlgorithmName[] = /* @__PURE__ */ Object.freeze(['RS512', 'RS384', 'RS256'] as const);
const EDDSA: readonly AlgorithmName[] = /* @__PURE__ */ Object.freeze(['EdDSA', 'Ed25519'] as const);
const BY_CURVE: Readonly<Record<Curve, readonly AlgorithmName[]>> = {
  'P-256': /* @__PURE__ */ Object.freeze(['ES256'] as const),
  'P-384': /* @__PURE__ */ Object.freeze(['ES384'] as const),
  'P-521': /* @__PURE__ */ Object.freeze(['ES512'] as const),
};

/**
 * Returns the algorithms that a key accepts. The key signs with the first one.
 *
 * @param keyType - the kind of key
 * @param curve - the curve of an EC key, otherwise `null`
 * @param registered - the only algorithm that the key may be used for (JWK `alg`), if any; an RSA key accepts PS256, PS384 or PS512 only if
 *   named here
 * @returns the names, or `undefined` if `registered` does not fit the key
 */
export function acceptedAlgorithms(
  keyType: KeyType,
  curve: Curve | null,
  registered: string | undefined,
): readonly AlgorithmName[] | undefined {
  const usual = keyType === 'rsa' ? RSA_PKCS1 : keyType === 'ed25519' ? EDDSA : BY_CURVE[curve as Curve];
  if (registered === undefined) return usual;
  const entry = ALGORITHMS[registered];
  if (entry === undefined || entry.keyType !== keyType || entry.curve !== curve) return undefined;
  return keyType === 'ed25519' ? EDDSA : [entry.name];
}
