/** Requests that no real client sends: random bytes, made from a seed, that resemble HTTP/1.1. */
import fc from 'fast-check';

const words = (...lines: string[]) => lines.join(' ').split(' ');

const METHODS = words('GET POST HEAD OPTIONS DELETE QUERY');
const STRANGE_METHODS = words('CONNECT TRACE PRI get G\0T M-SEARCH');
const TARGETS = words(
  '/v1 /.ajwt/auth /.ajwt/auth/x /.ajwt/whoami /.ajwt/x /.well-known/jwks.json http://x/.ajwt/auth * //x',
);
const STRANGE_TARGETS = words('/% x:1 ? # http:// http://x /\0 /\xff /?\x7f').concat(
  '',
  '/a b',
  `/${'a'.repeat(9000)}`,
);
const VERSIONS = ['HTTP/1.1'];
const STRANGE_VERSIONS = words('HTTP/1.0 HTTP/1.2 HTTP/2.0 http/1.1 RTSP/1.0').concat('');
const NAMES = words(
  'Host Authorization Authorization Connection Content-Length Transfer-Encoding Expect Upgrade TE Trailer Cookie Proxy',
  'X-Original-URI X-Original-Method X-Forwarded-For X-Auth-User x_auth_user If-None-Match HTTP2-Settings',
  '__proto__ __proto__ constructor toString hasOwnProperty valueOf __defineSetter__ push length',
);
const NOT_NAMES = words('\t \0 \x7f \xe9 %00 , a:b').concat('', 'a b');
const VALUES = words(
  'x close keep-alive upgrade upgrade,close h2c websocket 100-continue 200-maybe trailers __proto__',
  'chunked chunked identity xchunked gzip,chunked chunked,chunked 0 1 -1 +1 0x1 1,1 999999999999 \xff a\0b JWT',
).concat('', 'JWT a.b.c', 'JWT ..', 'JWT eyJhbGciOiJFZERTQSJ9.e30.AA', 'Bearer x', 'x'.repeat(5000));
const ORDINARY = [
  ...['Accept: */*', 'Connection: close', 'Content-Length: 0', 'Transfer-Encoding: chunked', 'Expect: 100-continue'],
  ...[
    'Authorization: JWT a.b.c',
    'Authorization: JWT',
    '__proto__: a',
    'constructor: a',
    'X-Original-URI: /v1',
    'TE: gzip',
  ],
  ...[
    'Upgrade: websocket',
    'Connection: upgrade',
    'X-Auth-User: root',
    'If-None-Match: "a"',
    'X-Forwarded-For: 192.0.2.1',
  ],
].map((line) => `${line}\r\n`);
const BODIES = [
  ...['0\r\n\r\n', '1\r\nx\r\n0\r\n\r\n', '1;a=b\r\nx\r\n0\r\n__proto__: x\r\n\r\n', 'ffffffffffffffff\r\n'],
  ...['x', '\r\n', '\r\n\r\n'],
];

const garbage = fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes).toString('latin1'));
const rarely = (other: fc.Arbitrary<string>, values: readonly string[], weight = 20) =>
  fc.oneof({ weight, arbitrary: fc.constantFrom(...values) }, { weight: 1, arbitrary: other });

const name = rarely(rarely(garbage, NOT_NAMES, 3), NAMES);
const separator = rarely(fc.constantFrom(':', ' : ', '', '\t:', ':\t', ': \r\n '), [': '], 30);
const end = rarely(fc.constantFrom('\n', '\r', '\r\r\n', ''), ['\r\n'], 30);
const strange = fc.tuple(name, separator, rarely(garbage, VALUES), end).map((parts) => parts.join(''));
const line = rarely(strange, ORDINARY, 9);
const start = fc
  .tuple(
    rarely(rarely(garbage, STRANGE_METHODS, 5), METHODS, 9),
    rarely(rarely(garbage, STRANGE_TARGETS, 5), TARGETS, 9),
    rarely(rarely(garbage, STRANGE_VERSIONS, 5), VERSIONS, 9),
  )
  .map((parts) => parts.join(' '));

/** Makes a request, or bytes that resemble one. */
const request = fc
  .tuple(
    rarely(fc.constantFrom('\r\n', '\n'), [''], 9),
    start,
    fc.constantFrom('\r\nHost: x\r\n', '\r\nHost: x\r\n', '\r\nHost: x\r\n', '\r\n'),
    fc.array(line, { maxLength: 6 }).map((lines) => lines.join('')),
    end,
    rarely(rarely(garbage, BODIES), [''], 2),
  )
  .map((parts) => parts.join(''));

/** Makes the bytes for one connection, in parts that are written one after another. */
const connection = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(request) },
  { weight: 3, arbitrary: fc.array(request, { minLength: 2, maxLength: 5 }) },
  { weight: 1, arbitrary: fc.array(garbage, { minLength: 1, maxLength: 3 }) },
);

/** Makes the given number of connections, which depend only on the seed. Strings are Latin-1, with one byte per character. */
export function rawConnections(seed: number, count: number): readonly (readonly string[])[] {
  return fc.sample(connection, { seed, numRuns: count });
}
