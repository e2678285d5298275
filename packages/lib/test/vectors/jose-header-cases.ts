/** JOSE headers of the vectors, the tokens made with them, and the expected outcomes. */
import { createPublicKey, type KeyObject } from 'node:crypto';
import { base64url, macToken, type Part, parts, signBytes, signToken } from 'ajwt-testkit/sign';

/** The keys and the payload of the tokens. */
export interface JoseSigners {
  /** Alice's Ed25519 key. */
  readonly good: KeyObject;
  /** Keys that are not registered. */
  readonly attacker: KeyObject;
  readonly attackerRsa: KeyObject;
  /** Makes a fresh valid payload of alice. */
  readonly goodPayload: () => string;
}

/** Returns all forms of a public key that an attacker could use as an HMAC secret. */
export function macSecrets(key: KeyObject): Readonly<Record<string, Part>> {
  const publicKey = createPublicKey(key);
  const pem = publicKey.export({ format: 'pem', type: 'spki' }).toString();
  const der = publicKey.export({ format: 'der', type: 'spki' });
  return {
    'the PEM': pem,
    'the PEM without its final newline': pem.trimEnd(),
    'the DER': der,
    'the raw 32 bytes': der.subarray(-32),
    'the JWK': JSON.stringify(publicKey.export({ format: 'jwk' })),
    nothing: '',
  };
}

/** Returns the bytes of a vector's header. */
export function vectorHeader(text: string, trapPort: number, kid: string): Part {
  return text === '(bytes ff fe)'
    ? Buffer.from([0xff, 0xfe])
    : text.replaceAll(/\$\{TRAP\}/g, String(trapPort)).replaceAll(/\$\{FPR\}/g, kid);
}

/** Makes the tokens that the `signature` column of a vector describes, by name. */
type TokenMaker = (header: Part) => Readonly<Record<string, string>>;

/** Returns the functions that make tokens, by `signature` column. */
export function vectorTokens({
  good,
  attacker,
  attackerRsa,
  goodPayload,
}: JoseSigners): Readonly<Record<string, TokenMaker>> {
  return {
    good: (header) => ({ good: signToken(header, goodPayload(), good) }),
    'good EdDSA signature': (header) => ({ good: signToken(header, goodPayload(), good) }),
    'good over those bytes': (header) => ({ good: signToken(header, goodPayload(), good) }),
    '-': (header) => ({ good: signToken(header, goodPayload(), good) }),
    'empty, and also good EdDSA signature': (header) => {
      const token = signToken(header, goodPayload(), good);
      return { good: token, empty: `${parts(token)[0]}.${parts(token)[1]}.` };
    },
    'hmac-with-public-key (run with: PEM text, PEM without final newline, DER, raw 32 bytes, JWK text, empty key)': (
      header,
    ) =>
      Object.fromEntries(
        Object.entries(macSecrets(good)).flatMap(([name, secret]) =>
          ['sha256', 'sha384', 'sha512'].map((hash) => [
            `${hash} with ${name}`,
            macToken(header, goodPayload(), hash, secret),
          ]),
        ),
      ),
    'good over raw payload': (header) => {
      const payload = goodPayload();
      const signature = base64url(signBytes(`${base64url(header)}.${payload}`, good));
      return {
        'raw payload': `${base64url(header)}.${payload}.${signature}`,
        'encoded payload': `${base64url(header)}.${base64url(payload)}.${signature}`,
        'ordinary token': signToken(header, payload, good),
      };
    },
    'good by the ATTACKER key': (header) => ({
      Ed25519: signToken(header, goodPayload(), attacker),
      RSA: signToken(header, goodPayload(), attackerRsa, 'RS256'),
    }),
  };
}

/** The outcomes that the library must have, by id of the vector; if a vector has several tokens, also by name of the token. */
export const VECTOR_OUTCOMES: Readonly<Record<string, string | Readonly<Record<string, string>>>> = {
  ok: 'accepted',
  'ok-typ': 'accepted',
  'ok-kid': 'accepted',
  'ok-kid-unknown': 'accepted',
  'alg-none': { good: 'malformed alg', empty: 'malformed not_a_token' },
  'alg-NONE': { good: 'malformed alg', empty: 'malformed not_a_token' },
  'alg-""': 'malformed alg',
  'alg-HS256': 'malformed alg',
  'alg-HS384': 'malformed alg',
  'alg-RS1': 'malformed alg',
  'alg-ES256': 'unknown_key',
  'alg-RS256': 'malformed signature_length',
  'alg-Ed448': 'malformed alg',
  'alg-EdDSA ': 'malformed alg',
  'alg-toString': 'malformed alg',
  'alg-__proto__': 'malformed alg',
  'alg-array': 'malformed alg',
  'alg-dup': 'malformed header_json',
  'crit-empty': 'malformed unsupported_header',
  'crit-b64': {
    // The raw payload contains commas, so the header is refused first.
    'raw payload': 'malformed header_repeated',
    'encoded payload': 'malformed unsupported_header',
    'ordinary token': 'malformed unsupported_header',
  },
  'crit-missing-member': 'malformed unsupported_header',
  jku: { Ed25519: 'bad_signature', RSA: 'malformed signature_length' },
  x5c: { Ed25519: 'malformed signature_length', RSA: 'bad_signature' },
  'kid-sql': 'accepted',
  'kid-nul': 'accepted',
  'kid-array': 'malformed kid',
  'kid-null': 'malformed kid',
  'kid-proto': 'accepted',
  'kid-url': 'accepted',
  'typ-other': 'malformed typ',
  enc: 'malformed alg',
  'header-null': 'malformed header_json',
  'header-string': 'malformed header_json',
  'header-utf8': 'malformed header_json',
};
