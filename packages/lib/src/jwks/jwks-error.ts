/** What can be wrong with a JWK set, or with a key in it: one closed table. */

/** Each code, and what it says. The first ones are about the whole set: what was known before stays. The others, about one key of it. */
export const JWKS_PROBLEMS = Object.freeze({
  bad_url: 'is not an https URL, or has a user name, a password, a backslash, a space or a control character in it',
  forbidden_address:
    'leads to an address that is not public; if that is meant, name the host in the option privateHosts',
  unreachable: 'cannot be reached',
  timeout: 'did not answer in time',
  redirected: 'answers with a redirect, which is not followed; give the URL that it leads to',
  bad_status: 'did not answer with 200',
  bad_type: 'answers with something that is not JSON by its Content-Type',
  encoded: 'answers in a Content-Encoding, though none was asked for',
  too_large: 'answers with more than is read of a JWK set',
  not_a_set: 'does not answer with a JWK set: a JSON object in UTF-8, without duplicate members, with an array `keys`',
  no_usable_key: 'answers with a set in which no key is usable',
  bad_key: 'has a key that is not taken',
  leaked_key: 'has a key together with its private part; it is not taken, and must be replaced',
  duplicate_kid: 'has another key of the same kid, which is not taken',
  too_many_keys: 'has more keys than are taken of a set',
} as const);

/** The stable code of a {@link JWKS_PROBLEMS} sentence. */
export type JwksProblemCode = keyof typeof JWKS_PROBLEMS;

/** Something is wrong with a JWK set. Its message is for the operator; no key is in it. */
export class JwksError extends Error {
  override readonly name = 'JwksError';
  readonly code: JwksProblemCode;
  readonly url: string;
  /** Where in the array `keys` the key stands, from 0; `undefined` where it is about the whole set. */
  readonly index: number | undefined;

  /** @param detail - what is known beyond the code, safe to print */
  constructor(
    code: JwksProblemCode,
    url: string,
    { index, detail }: { index?: number; detail?: string | undefined } = {},
  ) {
    const where = index === undefined ? '' : `, key ${index}`;
    // A query may hold a secret.
    super(
      `the JWK set ${url.replace(/[?#].*$/s, '')}${where}: ${JWKS_PROBLEMS[code]}${detail === undefined ? '' : ` (${detail})`}`,
    );
    this.code = code;
    this.url = url;
    this.index = index;
  }
}
