/** Lists everything that can be wrong with a JWK set or with the keys in it. */
import { CodedError } from '../core/coded-error.ts';

/**
 * The message of each code. The codes up to `no_usable_key` are about a whole set, whose earlier keys stay valid for a limited time. The
 * other codes are about one key, which is skipped.
 */
export const JWKS_PROBLEMS = Object.freeze({
  bad_url: 'is not an https URL, or has a user name, a password, a backslash, a space or a control character in it',
  forbidden_address: 'has an address that is not public; if that is intended, name the host in the option privateHosts',
  unreachable: 'cannot be reached',
  timeout: 'did not respond in time',
  redirected: 'responds with a redirect, which is not followed; pass the URL that it redirects to',
  bad_status: 'did not respond with 200',
  bad_type: 'responds with a Content-Type that is not JSON',
  encoded: 'responds with a Content-Encoding, which was not requested',
  too_large: 'is larger than 256 kB',
  not_a_set: 'is not a JWK set: a JSON object in UTF-8, without duplicate members, with an array `keys`',
  no_usable_key: 'has no usable key',
  bad_key: 'is not usable',
  leaked_key: 'is published with its private part; it is skipped, and must be replaced',
  duplicate_kid: 'has the kid of an earlier key, and is skipped',
  too_many_keys: 'is beyond the first 100 keys; it and later keys are skipped',
} as const);

/** The stable codes of the messages in {@link JWKS_PROBLEMS}. */
export type JwksProblemCode = keyof typeof JWKS_PROBLEMS;

/**
 * Describes a problem of a JWK set. The message is for the operator, and contains no key.
 *
 * @example
 * ```ts
 * import type { UnavailableError } from 'asymmetric-jwt-auth';
 * import { JwksError, jwksClient } from 'asymmetric-jwt-auth/jwks';
 *
 * try {
 *   await jwksClient().jwksKeys('http://acme.example/jwks.json', { kid: 'key-1' });
 * } catch (error) {
 *   const { cause } = error as UnavailableError;
 *   if (cause instanceof JwksError) console.log(cause.code); // bad_url
 * }
 * ```
 */
export class JwksError extends CodedError<JwksProblemCode> {
  override readonly name = 'JwksError';
  readonly url: string;
  /** The index of the key in the array `keys`; `undefined` if the problem is about the whole set. */
  readonly index: number | undefined;

  /** @param detail - more about the problem; must be safe to print */
  constructor(
    code: JwksProblemCode,
    url: string,
    { index, detail }: { index?: number; detail?: string | undefined } = {},
  ) {
    const where = index === undefined ? '' : `, key ${index},`;
    // The message omits the query, which may contain a secret.
    super(
      code,
      `the JWK set ${url.replace(/[?#].*$/s, '')}${where} ${JWKS_PROBLEMS[code]}${detail === undefined ? '' : ` (${detail})`}`,
    );
    this.url = url;
    this.index = index;
  }
}
