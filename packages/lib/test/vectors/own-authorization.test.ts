/** Bytes of the `Authorization` header, as they come over a socket to a real `node:http` server. */
import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { nodeAuth } from 'asymmetric-jwt-auth/node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ecdsaDer } from '../../src/core/ecdsa-der.ts';
import { createAuthenticator, memoryKeyStore, memoryNonceStore } from '../../src/index.ts';
import { freshNonce, publicKeyOf } from '../helpers/frozen-server.ts';
import { highS, parts, signToken, withSignature } from '../helpers/sign.ts';
import { readVectors } from '../helpers/vectors.ts';

const { cases } = readVectors<{ cases: { id: string; why: string }[] }>('own/authorization_values.json');

const ed25519 = generateKeyPairSync('ed25519').privateKey;
const revoked = generateKeyPairSync('ed25519').privateKey;
const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
const keys = memoryKeyStore();
for (const key of [ed25519, revoked, p256]) keys.addKey('alice', publicKeyOf(key));
keys.revokeKey(publicKeyOf(revoked).kid);
const disabled = generateKeyPairSync('ed25519').privateKey;
keys.addKey('bob', publicKeyOf(disabled));
keys.setUser('bob', { user: 'bob', disabled: true });

const payload = (username = 'alice') =>
  JSON.stringify({ username, time: Math.floor(Date.now() / 1000), nonce: freshNonce() });
const fresh = (key = ed25519) =>
  key === p256
    ? signToken('{"alg":"ES256"}', payload(), key, 'ES256')
    : signToken('{"alg":"EdDSA","typ":"JWT"}', payload(), key);
/** A token whose signature has letters of both alphabets, so that writing them otherwise changes it. */
const withBothSpecials = (): string => {
  const token = fresh();
  return /-.*_|_.*-/.test(parts(token)[2]) ? token : withBothSpecials();
};

const { authenticate, reject } = nodeAuth(createAuthenticator({ keys, nonces: memoryNonceStore() }));
const server = createServer(async (request, response) => {
  const result = await authenticate(request);
  if (result.ok) response.end(result.username);
  else reject(response, result);
});
beforeAll(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)));
afterAll(() => new Promise((resolve) => server.close(resolve)));

/** Sends header lines as bytes, and gives the status, the head and the body of the answer. */
async function send(lines: readonly string[], target = '/') {
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  socket.end([`GET ${target} HTTP/1.1`, 'Host: x', 'Connection: close', ...lines, '', ''].join('\r\n'), 'latin1');
  let answer = '';
  for await (const chunk of socket.setEncoding('latin1')) answer += chunk;
  const [head = '', body = ''] = answer.split('\r\n\r\n');
  return { status: Number(/^HTTP\/1\.1 (\d{3}) /.exec(head)?.[1]), head, body };
}

/** What is sent, made of a fresh good token, and the status; `replay` = the token was sent before. */
interface Case {
  readonly lines?: (token: string) => readonly string[];
  readonly target?: (token: string) => string;
  readonly key?: typeof ed25519;
  readonly token?: () => string;
  readonly status: number;
  /** The `error` of the challenge; `null` = it has none. */
  readonly error?: string | null;
  readonly spendsFirst?: boolean;
}

const value = (write: (token: string) => string, more: Partial<Case> = {}): Case => ({
  lines: (token) => [`Authorization: ${write(token)}`],
  status: 401,
  error: 'invalid_token',
  ...more,
});
const MISSING = { status: 401, error: null };

const VECTORS: Readonly<Record<string, Case>> = {
  ok: value((token) => `JWT ${token}`, { status: 200 }),
  'ok-lower': value((token) => `jwt ${token}`, { status: 200 }),
  missing: { lines: () => [], ...MISSING },
  'scheme-only': value(() => 'JWT'),
  garbage: value(() => 'JWT garbage'),
  'no-scheme': value((token) => token, MISSING),
  tab: value((token) => `JWT\t${token}`),
  comma: value((token) => `JWT ${token}, JWT ${token}`),
  param: value((token) => `JWT token="${token}"`),
  emptysig: value((token) => `JWT ${parts(token)[0]}.${parts(token)[1]}.`),
  fiveparts: value(() => 'JWT a.b.c.d.e'),
  emptyparts: value(() => 'JWT ..'),
  'sig-pad': value((token) => `JWT ${token}==`),
  'sig-std64': value(
    (token) => `JWT ${parts(token)[0]}.${parts(token)[1]}.${parts(token)[2].replaceAll('-', '+').replaceAll('_', '/')}`,
    { token: withBothSpecials },
  ),
  'inner-bang': value((token) => `JWT ${token}!`),
  'sig-malleable': value((token) => `JWT ${withSignature(token, highS)}`, {
    key: p256,
    spendsFirst: true,
    error: 'replayed',
  }),
  'sig-der': value((token) => `JWT ${withSignature(token, ecdsaDer)}`, { key: p256 }),
  'swap-payload': value((token) => `JWT ${parts(token)[0]}.${parts(fresh())[1]}.${parts(token)[2]}`),
  'revoked-key': value(() => `JWT ${fresh(revoked)}`),
  'size-9k': value(() => `JWT ${signToken('{"alg":"EdDSA"}', payload().padEnd(9216), ed25519)}`),
  'size-17k': value(() => `JWT ${'a'.repeat(17_000)}`, { status: 431 }),
  nul: value(() => 'JWT a\0b', { status: 400 }),
  'two-headers': {
    lines: (token) => [`Authorization: JWT ${token}`, 'Authorization: JWT garbage'],
    status: 401,
    error: 'invalid_token',
  },
  'proxy-auth': { lines: (token) => [`Proxy-Authorization: JWT ${token}`], ...MISSING },
  cookie: { lines: (token) => [`Cookie: Authorization=JWT ${token}`], ...MISSING },
};

/** The line "Header" of what the service must withstand, and its neighbours. */
const BESIDE: Readonly<Record<string, Case>> = {
  'an empty header': value(() => ''),
  'a header of spaces': value(() => '   '),
  'the scheme and a space': value(() => 'JWT '),
  'the scheme and a tab': value(() => 'JWT\t'),
  'two spaces before the token': value((token) => `JWT  ${token}`, { status: 200 }),
  'a space behind the token': value((token) => `JWT ${token}  `, { status: 200 }),
  'text behind the token': value((token) => `JWT ${token} x`),
  'a Bearer token': value((token) => `Bearer ${token}`, MISSING),
  'a scheme that begins like ours': value((token) => `JWTX ${token}`, MISSING),
  'the scheme without a space': value((token) => `JWT${token}`, MISSING),
  'the scheme with a colon': value((token) => `JWT: ${token}`),
  'a quoted token': value((token) => `JWT "${token}"`),
  'a quoted header': value((token) => `"JWT ${token}"`, MISSING),
  'a comma behind the token': value((token) => `JWT ${token},`),
  'another scheme first': value((token) => `Basic YTpi, JWT ${token}`),
  'another scheme behind': value((token) => `JWT ${token}, Basic YTpi`),
  'the scheme twice': value((token) => `JWT JWT ${token}`),
  'bytes above 127': value((token) => `JWT ${token}\xff\x80`),
  'bytes whose low bits are letters': value((token) => `JWT ${token.replace(/./, '\xe5')}`),
  'a scheme in other letters': value((token) => `\xca\xd7\xd4 ${token}`, MISSING),
  'a no-break space behind the scheme': value((token) => `JWT\xa0${token}`),
  'a NEL behind the token': value((token) => `JWT ${token}\x85`),
  '15 kB, which Node passes': value(() => `JWT ${'a'.repeat(15_000)}`),
  '15 kB of dots': value(() => `JWT ${'.'.repeat(15_000)}`),
  '15 kB of spaces': value((token) => `JWT ${' '.repeat(15_000)}${token}`, { status: 200 }),
  '8193 characters': value(() => `JWT ${'a'.repeat(8193)}`),
  'two headers, both good': {
    lines: (token) => [`Authorization: JWT ${token}`, `authorization: JWT ${fresh()}`],
    status: 401,
  },
  'two headers, both the same': { lines: (token) => Array(2).fill(`Authorization: JWT ${token}`), status: 401 },
  'two headers, one of another scheme': {
    lines: (token) => ['Authorization: Basic YTpi', `Authorization: JWT ${token}`],
    status: 401,
  },
  'two headers, the second empty': { lines: (token) => [`Authorization: JWT ${token}`, 'Authorization:'], status: 401 },
  'a user who was disabled a moment ago': value(() => `JWT ${signToken('{"alg":"EdDSA"}', payload('bob'), disabled)}`),
  "another user's name": value(() => `JWT ${signToken('{"alg":"EdDSA"}', payload('bob'), ed25519)}`),
  'an ES256 signature of zeros': value((token) => `JWT ${withSignature(token, (it) => it.fill(0))}`, { key: p256 }),
  'the token in the query': {
    lines: () => [],
    target: (token) => `/?authorization=JWT%20${token}&access_token=${token}`,
    ...MISSING,
  },
  'the token in a cookie': { lines: (token) => [`Cookie: authorization=JWT ${token}; jwt=${token}`], ...MISSING },
  'Authorization_ in place of Authorization': { lines: (token) => [`Authorization_: JWT ${token}`], ...MISSING },
  'X-Authorization': { lines: (token) => [`X-Authorization: JWT ${token}`], ...MISSING },
  'a space before the colon': { lines: (token) => [`Authorization : JWT ${token}`], status: 400 },
};

async function check({
  lines = () => [],
  target,
  key,
  token: make,
  status,
  error = 'invalid_token',
  spendsFirst,
}: Case) {
  const token = make === undefined ? fresh(key) : make();
  if (spendsFirst === true) expect((await send([`Authorization: JWT ${token}`])).status).toBe(200);
  const answer = await send(lines(token), target?.(token));
  expect(answer.status).toBe(status);
  expect(answer.body).not.toMatch(/\.[cm]?[jt]s\b|\bat \w|Error/);
  if (status === 401) {
    const challenge = `JWT realm="api"${error === null ? '' : `, error="${error}"`}`;
    expect(/^www-authenticate: (.*)$/im.exec(answer.head)?.[1]).toBe(challenge);
  }
  // Its nonce is unspent, unless it was let in.
  const next = status === 200 || spendsFirst === true ? fresh() : token;
  expect((await send([`Authorization: JWT ${next}`])).status, 'the next good request').toBe(200);
}

describe('values of the Authorization header, from the vectors', () => {
  test('each vector has a case here, and each case a vector', () => {
    expect(cases.map(({ id }) => id).sort()).toEqual(Object.keys(VECTORS).sort());
  });
  test.each(cases)('$id: $why', ({ id }) => check(VECTORS[id] as Case));
});

describe('values of the Authorization header, beside the vectors', () => {
  test.each(Object.entries(BESIDE))('%s', (_what, one) => check(one));
});
