/** Values of the `Authorization` header and their expected outcomes, for `nodeAuth` and for a running `ajwtd`. */

import { highS, parts, withSignature } from 'ajwt-testkit/sign';
import { ecdsaDer } from '../../src/core/ecdsa-der.ts';

/** Functions that make tokens of alice with each of her keys, and tokens of other users. */
export interface Signers {
  /** Makes a fresh valid token with alice's Ed25519 key. */
  readonly good: () => string;
  /** Makes a token with alice's P-256 key. */
  readonly es256: () => string;
  /** Makes a token with a revoked key of alice, and its kid. */
  readonly revoked: () => string;
  /** Makes a token of a user who has just been disabled. */
  readonly disabled: () => string;
  /** Makes a token with another username, signed with alice's key. */
  readonly inAnotherName: () => string;
  /** Makes a token with a payload of the given number of bytes, but otherwise valid. */
  readonly withPayloadOf: (length: number) => string;
}

/** A request that contains a fresh token or parts of it. */
export interface AuthorizationCase {
  readonly lines?: (token: string) => readonly string[];
  readonly target?: (token: string) => string;
  /** Makes the token; `good` by default. */
  readonly token?: () => string;
  /** `accepted`, the reason for the refusal with its detail, or the status of a response from Node's parser. */
  readonly outcome: string | number;
  /** Whether the unchanged token is sent and accepted first. */
  readonly spendsFirst?: boolean;
}

/** Makes the cases, by name: all cases of the vectors, and more. */
export function authorizationCases({ good, es256, revoked, disabled, inAnotherName, withPayloadOf }: Signers) {
  const value = (
    write: (token: string) => string,
    outcome: string | number,
    more: Partial<AuthorizationCase> = {},
  ): AuthorizationCase => ({ lines: (token) => [`Authorization: ${write(token)}`], outcome, ...more });
  const lines = (write: (token: string) => readonly string[], outcome: string | number): AuthorizationCase => ({
    lines: write,
    outcome,
  });
  /** Makes a token whose signature contains both `-` and `_`, so that standard base64 looks different. */
  const withBothSpecials = (): string => {
    const token = good();
    return /-.*_|_.*-/.test(parts(token)[2]) ? token : withBothSpecials();
  };
  const inOtherAlphabet = (token: string) => {
    const [header, payload, signature] = parts(token);
    return `${header}.${payload}.${signature.replaceAll('-', '+').replaceAll('_', '/')}`;
  };
  /** Changes only the unused bits of the last character; a lenient decoder returns the same bytes. */
  const withSpareBits = (token: string) => {
    const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    return token.slice(0, -1) + letters[letters.indexOf(token.at(-1) as string) + 1];
  };
  const flattened = (token: string) => {
    const [header, payload, signature] = parts(token);
    return JSON.stringify({ payload, protected: header, signature });
  };

  const vectors: Readonly<Record<string, AuthorizationCase>> = {
    ok: value((token) => `JWT ${token}`, 'accepted'),
    'ok-lower': value((token) => `jwt ${token}`, 'accepted'),
    missing: lines(() => [], 'missing'),
    'scheme-only': value(() => 'JWT', 'malformed no_token'),
    garbage: value(() => 'JWT garbage', 'malformed not_a_token'),
    'no-scheme': value((token) => token, 'missing'),
    tab: value((token) => `JWT\t${token}`, 'malformed not_a_token'),
    comma: value((token) => `JWT ${token}, JWT ${token}`, 'malformed header_repeated'),
    param: value((token) => `JWT token="${token}"`, 'malformed header_json'),
    emptysig: value((token) => `JWT ${parts(token)[0]}.${parts(token)[1]}.`, 'malformed not_a_token'),
    fiveparts: value(() => 'JWT a.b.c.d.e', 'malformed not_a_token'),
    emptyparts: value(() => 'JWT ..', 'malformed not_a_token'),
    'sig-pad': value((token) => `JWT ${token}==`, 'malformed not_base64url'),
    'sig-std64': value((token) => `JWT ${inOtherAlphabet(token)}`, 'malformed not_base64url', {
      token: withBothSpecials,
    }),
    'inner-bang': value((token) => `JWT ${token}!`, 'malformed not_base64url'),
    'sig-malleable': value((token) => `JWT ${withSignature(token, highS)}`, 'replayed', {
      token: es256,
      spendsFirst: true,
    }),
    'sig-der': value((token) => `JWT ${withSignature(token, ecdsaDer)}`, 'malformed signature_length', {
      token: es256,
    }),
    'swap-payload': value((token) => `JWT ${parts(token)[0]}.${parts(good())[1]}.${parts(token)[2]}`, 'bad_signature'),
    'revoked-key': value(() => `JWT ${revoked()}`, 'key_revoked'),
    'size-9k': value(() => `JWT ${withPayloadOf(9216)}`, 'malformed too_long'),
    'size-17k': value(() => `JWT ${'a'.repeat(17_000)}`, 431),
    nul: value(() => 'JWT a\0b', 400),
    'two-headers': lines(
      (token) => [`Authorization: JWT ${token}`, 'Authorization: JWT garbage'],
      'malformed header_repeated',
    ),
    'proxy-auth': lines((token) => [`Proxy-Authorization: JWT ${token}`], 'missing'),
    cookie: lines((token) => [`Cookie: Authorization=JWT ${token}`], 'missing'),
  };

  /** More hostile headers and tokens. */
  const beside: Readonly<Record<string, AuthorizationCase>> = {
    'an empty header': value(() => '', 'malformed header_empty'),
    'a header of spaces': value(() => '   ', 'malformed header_empty'),
    'the scheme and a space': value(() => 'JWT ', 'malformed no_token'),
    'the scheme and a tab': value(() => 'JWT\t', 'malformed no_token'),
    'two spaces before the token': value((token) => `JWT  ${token}`, 'accepted'),
    'a space after the token': value((token) => `JWT ${token}  `, 'accepted'),
    'text after the token': value((token) => `JWT ${token} x`, 'malformed not_base64url'),
    'a Bearer token': value((token) => `Bearer ${token}`, 'missing'),
    'a scheme that begins like ours': value((token) => `JWTX ${token}`, 'missing'),
    'the scheme without a space': value((token) => `JWT${token}`, 'missing'),
    'the scheme with a colon': value((token) => `JWT: ${token}`, 'malformed not_a_token'),
    'a quoted token': value((token) => `JWT "${token}"`, 'malformed not_a_token'),
    'a quoted header': value((token) => `"JWT ${token}"`, 'missing'),
    'a comma after the token': value((token) => `JWT ${token},`, 'malformed header_repeated'),
    'another scheme first': value((token) => `Basic YTpi, JWT ${token}`, 'malformed header_repeated'),
    'another scheme last': value((token) => `JWT ${token}, Basic YTpi`, 'malformed header_repeated'),
    'the scheme twice': value((token) => `JWT JWT ${token}`, 'malformed not_a_token'),
    'bytes above 127': value((token) => `JWT ${token}\xff\x80`, 'malformed not_base64url'),
    'bytes whose low bits are letters': value((token) => `JWT ${token.replace(/./, '\xe5')}`, 'malformed header_json'),
    'a scheme in non-ASCII letters': value((token) => `\xca\xd7\xd4 ${token}`, 'missing'),
    'a no-break space after the scheme': value((token) => `JWT\xa0${token}`, 'malformed not_a_token'),
    'a NEL after the token': value((token) => `JWT ${token}\x85`, 'malformed not_base64url'),
    '15 kB, which Node accepts': value(() => `JWT ${'a'.repeat(15_000)}`, 'malformed too_long'),
    '15 kB of dots': value(() => `JWT ${'.'.repeat(15_000)}`, 'malformed too_long'),
    '15 kB of spaces': value((token) => `JWT ${' '.repeat(15_000)}${token}`, 'accepted'),
    '8193 characters': value(() => `JWT ${'a'.repeat(8193)}`, 'malformed too_long'),
    'two headers, both good': lines(
      (token) => [`Authorization: JWT ${token}`, `authorization: JWT ${good()}`],
      'malformed header_repeated',
    ),
    'two equal headers': lines((token) => Array(2).fill(`Authorization: JWT ${token}`), 'malformed header_repeated'),
    'two headers, one of another scheme': lines(
      (token) => ['Authorization: Basic YTpi', `Authorization: JWT ${token}`],
      'malformed header_repeated',
    ),
    'two headers, the second empty': lines(
      (token) => [`Authorization: JWT ${token}`, 'Authorization:'],
      'malformed header_repeated',
    ),
    'a user who has just been disabled': value(() => `JWT ${disabled()}`, 'user_disabled'),
    "another user's name": value(() => `JWT ${inAnotherName()}`, 'bad_signature'),
    'an ES256 signature of zeros': value(
      (token) => `JWT ${withSignature(token, (it) => it.fill(0))}`,
      'bad_signature',
      { token: es256 },
    ),
    'two parts': value((token) => `JWT ${parts(token)[0]}.${parts(token)[1]}`, 'malformed not_a_token'),
    'four parts': value((token) => `JWT ${token}.${parts(token)[2]}`, 'malformed not_a_token'),
    'a space inside': value((token) => `JWT ${token.replace('.', ' .')}`, 'malformed not_a_token'),
    'unused bits that are not zero': value((token) => `JWT ${withSpareBits(token)}`, 'malformed not_base64url'),
    'the flattened JSON serialization': value((token) => `JWT ${flattened(token)}`, 'malformed header_repeated'),
    'the token in the query': {
      ...lines(() => [], 'missing'),
      target: (token) => `?authorization=JWT%20${token}&access_token=${token}`,
    },
    'the token in a cookie': lines((token) => [`Cookie: authorization=JWT ${token}; jwt=${token}`], 'missing'),
    'Authorization_ instead of Authorization': lines((token) => [`Authorization_: JWT ${token}`], 'missing'),
    'X-Authorization': lines((token) => [`X-Authorization: JWT ${token}`], 'missing'),
    'a space before the colon': lines((token) => [`Authorization : JWT ${token}`], 400),
  };
  return { vectors, beside };
}
