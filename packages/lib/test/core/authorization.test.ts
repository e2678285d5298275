/** Step 1: what a value of the Authorization header is taken for (RFC 9110 §11.4). */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { credentialReader } from '../../src/core/authorization.ts';

const JWT = credentialReader('JWT');
/** The credential in angle brackets, or the reason, with its detail. */
function read(values: Parameters<typeof JWT>[0], reader = JWT): string {
  const result = reader(values);
  if (typeof result === 'string') return `<${result}>`;
  return result.detail === undefined ? result.reason : `${result.reason} ${result.detail}`;
}

describe('of the scheme JWT', () => {
  test.each([
    ['no header', undefined, 'missing'],
    ['no header', null, 'missing'],
    ['no header', [], 'missing'],
    ['a credential', 'JWT a.b.c', '<a.b.c>'],
    ['a credential, as the one value of an array', ['JWT a.b.c'], '<a.b.c>'],
    ['another case', 'jwt a.b.c', '<a.b.c>'],
    ['another case', 'jWt a.b.c', '<a.b.c>'],
    ['two spaces', 'JWT  a.b.c', '<a.b.c>'],
    ['many spaces', 'jwt      a.b.c', '<a.b.c>'],
    ['two headers', ['JWT a.b.c', 'JWT d.e.f'], 'malformed header_repeated'],
    ['the same header twice', ['JWT a.b.c', 'JWT a.b.c'], 'malformed header_repeated'],
    ['two headers, one of them of another scheme', ['Basic QQ==', 'JWT a.b.c'], 'malformed header_repeated'],
    ['two headers, one of them empty', ['', 'JWT a.b.c'], 'malformed header_repeated'],
    ['another scheme, and ours joined to it', 'Basic QQ==, JWT a.b.c', 'malformed header_repeated'],
    ['another scheme, and ours joined to it', 'Basic QQ==,jwt a.b.c', 'malformed header_repeated'],
    ['another scheme, and ours without a token joined to it', 'Basic QQ==,\tJWT', 'malformed header_repeated'],
    ['an empty header', '', 'malformed header_empty'],
    ['an empty header', [''], 'malformed header_empty'],
    ['white space', ' \t ', 'malformed header_empty'],
    ['the scheme alone', 'JWT', 'malformed no_token'],
    ['the scheme alone, in another case', 'jwt', 'malformed no_token'],
    ['the scheme and a tab', 'JWT\t', 'malformed no_token'],
    ['a tab for the space', 'JWT\ta.b.c', 'malformed not_a_token'],
    ['a line end for the space', 'JWT\na.b.c', 'malformed not_a_token'],
    ['a no-break space for the space', 'JWT\u00a0a.b.c', 'malformed not_a_token'],
    ['an equals sign for the space', 'JWT=a.b.c', 'malformed not_a_token'],
    ['a colon for the space', 'JWT:a.b.c', 'malformed not_a_token'],
    ['a comma for the space', 'JWT,a.b.c', 'malformed not_a_token'],
    ['a quoted token', 'JWT"a.b.c"', 'malformed not_a_token'],
    ['another scheme', 'Bearer a.b.c', 'missing'],
    ['another scheme', 'Basic SldUOmEuYi5j', 'missing'],
    ['a scheme that begins as ours', 'JWTs a.b.c', 'missing'],
    ['a scheme that begins as ours', 'JWT-2 a.b.c', 'missing'],
    ['a scheme that begins as ours', 'JWT.a.b.c', 'missing'],
    ['a scheme that ends as ours', 'XJWT a.b.c', 'missing'],
    ['a word of another scheme', 'Bearer JWT a.b.c', 'missing'],
    ['another scheme with ours in a parameter', 'Digest realm=x,JWTs=1', 'missing'],
    ['a token without a scheme', 'a.b.c', 'missing'],
    ['a space before the scheme', ' JWT a.b.c', 'missing'],
    ['a quoted credential', '"JWT a.b.c"', 'missing'],
    ['letters that look like ours', '\u2c9fWT a.b.c', 'missing'],
    ['letters that fold to ours', '\uff2aWT a.b.c', 'missing'],
  ])('%s: %j is %s', (_what, values, expected) => {
    expect(read(values)).toBe(expected);
  });

  // Whether it is a token is for step 2 to say.
  test.each([
    ['nothing behind the space', 'JWT ', '<>'],
    ['nothing behind the spaces', 'JWT   ', '<>'],
    ['two tokens', 'JWT a.b.c,d.e.f', '<a.b.c,d.e.f>'],
    ['a joined header', 'JWT a.b.c, Basic QQ==', '<a.b.c, Basic QQ==>'],
    ['a space behind', 'JWT a.b.c ', '<a.b.c >'],
    ['a line end within', 'jwt a.b\nc', '<a.b\nc>'],
    ['a quoted token', 'JWT "a.b.c"', '<"a.b.c">'],
  ])('hands on %s: %j is %s', (_what, value, expected) => {
    expect(read(value)).toBe(expected);
  });

  test('a credential comes out whole, with any number of spaces and in any case', () => {
    const scheme = fc.constantFrom('JWT', 'jwt', 'Jwt', 'jWT');
    // A comma and a word of ours behind it are two headers in one.
    const token = fc
      .string({ unit: 'binary', minLength: 1 })
      .filter((text) => !text.startsWith(' ') && !text.includes(','));
    fc.assert(
      fc.property(scheme, fc.integer({ min: 1, max: 9 }), token, (word, spaces, text) => {
        expect(JWT(`${word}${' '.repeat(spaces)}${text}`)).toBe(text);
      }),
    );
  });

  test('whatever comes, it is a credential, missing or malformed', () => {
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

  test('a long line of spaces or commas is read at once', () => {
    const started = performance.now();
    for (const character of [' ', ',', '\t', 'J']) {
      read(`JWT${character.repeat(16_000)}`);
      read(`Bearer ${character.repeat(16_000)}`);
    }
    expect(performance.now() - started).toBeLessThan(1000);
  });
});

describe('of another scheme', () => {
  const SCHEMES = ['Bearer', 'x-jwt', 'A.B', 'a+b', 'a*', '$a', '^a', 'a|b', "!#$%&'*+-.^_`|~", '0', 'J_T', 'AAAA-BBB'];

  test.each(SCHEMES)('%j is found as it is written, in any case', (scheme) => {
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
  ])('%j is no pattern: %j is another scheme', (scheme, other) => {
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
  ])('the option scheme cannot be %j', (scheme) => {
    expect(() => credentialReader(scheme as string)).toThrow(
      new TypeError('option scheme: must be a token of RFC 9110 §5.6.2'),
    );
  });
});
