/** Step 1: reading the values of the Authorization header (RFC 9110 §11.4). */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { credentialReader } from '../../src/core/authorization.ts';

const JWT = credentialReader('JWT');
/** Returns the credential in angle brackets, or the reason for the refusal with its detail. */
function read(values: Parameters<typeof JWT>[0], reader = JWT): string {
  const result = reader(values);
  if (typeof result === 'string') return `<${result}>`;
  return result.detail === undefined ? result.reason : `${result.reason} ${result.detail}`;
}

describe('the scheme JWT', () => {
  test.each([
    ['no header', undefined, 'missing'],
    ['no header', null, 'missing'],
    ['no header', [], 'missing'],
    ['a credential', 'JWT a.b.c', '<a.b.c>'],
    ['a credential as the only value of an array', ['JWT a.b.c'], '<a.b.c>'],
    ['another case', 'jwt a.b.c', '<a.b.c>'],
    ['another case', 'jWt a.b.c', '<a.b.c>'],
    ['two spaces', 'JWT  a.b.c', '<a.b.c>'],
    ['many spaces', 'jwt      a.b.c', '<a.b.c>'],
    ['two headers', ['JWT a.b.c', 'JWT d.e.f'], 'malformed header_repeated'],
    ['the same header twice', ['JWT a.b.c', 'JWT a.b.c'], 'malformed header_repeated'],
    ['two headers, one of another scheme', ['Basic QQ==', 'JWT a.b.c'], 'malformed header_repeated'],
    ['two headers, one empty', ['', 'JWT a.b.c'], 'malformed header_repeated'],
    ['another scheme, joined with ours', 'Basic QQ==, JWT a.b.c', 'malformed header_repeated'],
    ['another scheme, joined with ours', 'Basic QQ==,jwt a.b.c', 'malformed header_repeated'],
    ['another scheme, joined with ours without a token', 'Basic QQ==,\tJWT', 'malformed header_repeated'],
    ['an empty header', '', 'malformed header_empty'],
    ['an empty header', [''], 'malformed header_empty'],
    ['white space', ' \t ', 'malformed header_empty'],
    ['the scheme alone', 'JWT', 'malformed no_token'],
    ['the scheme alone, in another case', 'jwt', 'malformed no_token'],
    ['the scheme and a tab only', 'JWT\t', 'malformed no_token'],
    ['a tab instead of the space', 'JWT\ta.b.c', 'malformed not_a_token'],
    ['a line break instead of the space', 'JWT\na.b.c', 'malformed not_a_token'],
    ['a no-break space instead of the space', 'JWT\u00a0a.b.c', 'malformed not_a_token'],
    ['an equals sign instead of the space', 'JWT=a.b.c', 'malformed not_a_token'],
    ['a colon instead of the space', 'JWT:a.b.c', 'malformed not_a_token'],
    ['a comma instead of the space', 'JWT,a.b.c', 'malformed not_a_token'],
    ['a quoted token', 'JWT"a.b.c"', 'malformed not_a_token'],
    ['another scheme', 'Bearer a.b.c', 'missing'],
    ['another scheme', 'Basic SldUOmEuYi5j', 'missing'],
    ['a scheme that begins like ours', 'JWTs a.b.c', 'missing'],
    ['a scheme that begins like ours', 'JWT-2 a.b.c', 'missing'],
    ['a scheme that begins like ours', 'JWT.a.b.c', 'missing'],
    ['a scheme that ends like ours', 'XJWT a.b.c', 'missing'],
    ['our scheme as the token of another', 'Bearer JWT a.b.c', 'missing'],
    ['another scheme with ours in a parameter', 'Digest realm=x,JWTs=1', 'missing'],
    ['a token without a scheme', 'a.b.c', 'missing'],
    ['a space before the scheme', ' JWT a.b.c', 'missing'],
    ['a quoted credential', '"JWT a.b.c"', 'missing'],
    ['letters that look like ours', '\u2c9fWT a.b.c', 'missing'],
    ['letters that normalize to ours', '\uff2aWT a.b.c', 'missing'],
  ])('%s: %j is %s', (_what, values, expected) => {
    expect(read(values)).toBe(expected);
  });

  // Step 2 decides whether the credential is a token.
  test.each([
    ['nothing after the space', 'JWT ', '<>'],
    ['nothing after the spaces', 'JWT   ', '<>'],
    ['two tokens', 'JWT a.b.c,d.e.f', '<a.b.c,d.e.f>'],
    ['a joined header', 'JWT a.b.c, Basic QQ==', '<a.b.c, Basic QQ==>'],
    ['a trailing space', 'JWT a.b.c ', '<a.b.c >'],
    ['a line break inside', 'jwt a.b\nc', '<a.b\nc>'],
    ['a quoted token', 'JWT "a.b.c"', '<"a.b.c">'],
  ])('returns %s as part of the credential: %j is read as %s', (_what, value, expected) => {
    expect(read(value)).toBe(expected);
  });

  test('the whole credential is returned, whatever the number of spaces and the letter case of the scheme', () => {
    const scheme = fc.constantFrom('JWT', 'jwt', 'Jwt', 'jWT');
    // A comma followed by our scheme means two joined headers.
    const token = fc
      .string({ unit: 'binary', minLength: 1 })
      .filter((text) => !text.startsWith(' ') && !text.includes(','));
    fc.assert(
      fc.property(scheme, fc.integer({ min: 1, max: 9 }), token, (word, spaces, text) => {
        expect(JWT(`${word}${' '.repeat(spaces)}${text}`)).toBe(text);
      }),
    );
  });

  test('every value has one of three outcomes: a credential, missing or malformed', () => {
    const near = fc
      .array(fc.constantFrom('JWT', 'jwt', ' ', ',', '\t', '=', 'Bearer', 'a.b.c', '"', '\u00a0'))
      .map((parts) => parts.join(''));
    const value = fc.oneof(near, fc.string({ unit: 'binary' }));
    fc.assert(
      fc.property(fc.oneof(value, fc.array(value, { maxLength: 3 })), (values) => {
        expect(read(values)).toMatch(
          /^(?:<[\s\S]*>|missing|malformed (?:header_empty|header_repeated|no_token|not_a_token))$/,
        );
      }),
      { numRuns: 2000 },
    );
  });

  test('long sequences of spaces or commas are read in linear time', () => {
    const started = performance.now();
    for (const character of [' ', ',', '\t', 'J']) {
      read(`JWT${character.repeat(16_000)}`);
      read(`Bearer ${character.repeat(16_000)}`);
    }
    expect(performance.now() - started).toBeLessThan(1000);
  });
});

describe('the option scheme', () => {
  const SCHEMES = ['Bearer', 'x-jwt', 'A.B', 'a+b', 'a*', '$a', '^a', 'a|b', "!#$%&'*+-.^_`|~", '0', 'J_T', 'AAAA-BBB'];

  test.each(SCHEMES)('%j matches literally, in any case', (scheme) => {
    const reader = credentialReader(scheme);
    expect(read(`${scheme} a.b.c`, reader)).toBe('<a.b.c>');
    expect(read(`${scheme.toUpperCase()}   a.b.c`, reader)).toBe('<a.b.c>');
    expect(read(`${scheme.toLowerCase()} a.b.c`, reader)).toBe('<a.b.c>');
    expect(read(scheme, reader)).toBe('malformed no_token');
    expect(read(`Basic QQ==, ${scheme} a.b.c`, reader)).toBe('malformed header_repeated');
    expect(read(`${scheme}x a.b.c`, reader)).toBe('missing');
    expect(read(`x${scheme} a.b.c`, reader)).toBe('missing');
    expect(read('JWT a.b.c', reader)).toBe('missing');
  });

  test.each([
    ['A.B', 'AxB'],
    ['a*', 'a'],
    ['a*', 'aa'],
    ['a+b', 'aab'],
    ['a|b', 'a'],
    ['a|b', 'b'],
    ['^a', 'a'],
    ['$a', 'a'],
    ['ask', 'a\u017fk'],
    ['ask', 'as\u212a'],
  ])('%j is not a pattern: %j is another scheme', (scheme, other) => {
    expect(read(`${other} a.b.c`, credentialReader(scheme))).toBe('missing');
  });

  test.each([
    '',
    ' ',
    'J WT',
    'JWT ',
    'JWT,',
    'JWT=',
    'JWT:',
    '"JWT"',
    'J(T',
    'J[T',
    'J{T',
    'J\\T',
    'J/T',
    'J@T',
    'J\u00e9T',
    'JWT\n',
    '\uff2aWT',
    undefined,
    null,
    5,
    ['JWT'],
  ])('cannot be %j', (scheme) => {
    expect(() => credentialReader(scheme as string)).toThrow(
      new TypeError('option scheme: must be a token of RFC 9110 §5.6.2'),
    );
  });
});
