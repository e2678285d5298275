/** The application receives the identity only from the gateway, never from the client. */
import type { KeyObject } from 'node:crypto';
import { type Ajwtd, scratch, serve } from 'ajwt-testkit/ajwtd';
import { exchange, request } from 'ajwt-testkit/connection';
import { asOfAMinuteAgo, databaseWith, publicKeyOf, token } from 'ajwt-testkit/directory';
import { expectAnswer } from 'ajwt-testkit/refusal';
import { startUpstream, type Upstream } from 'ajwt-testkit/upstream';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';

/** Usernames, and the value of the identity header for each. */
const ENCODED: Readonly<Record<string, string>> = {
  alice: 'alice',
  'alice@example.com': 'alice@example.com',
  'a+b$c~d_e-f.g': 'a+b$c~d_e-f.g',
  Жук: '%D0%96%D1%83%D0%BA',
  'a b': 'a%20b',
  '%': '%25',
  '%41': '%2541',
  '\u{1f600}': '%F0%9F%98%80',
  'a,b;c="d"': 'a%2Cb%3Bc%3D%22d%22',
  "it's (!) *": 'it%27s%20%28%21%29%20%2A',
  'a/b:c?d#e&f': 'a%2Fb%3Ac%3Fd%23e%26f',
  'e\u0301': 'e%CC%81',
};

const database = scratch()('identity.db');
let keys: Map<string, KeyObject>;
let upstream: Upstream;
let server: Ajwtd;
beforeAll(async () => {
  keys = await databaseWith(database, Object.keys(ENCODED));
  await asOfAMinuteAgo(database);
  upstream = await startUpstream();
  server = await serve({ database, args: ['--upstream', upstream.url] });
});
afterAll(() => server.stop());
beforeEach(() => {
  upstream.seen.length = 0;
});

const keyOf = (name: string) => keys.get(name) as KeyObject;
const signed = (name = 'alice') => `Authorization: JWT ${token(name, keyOf(name))}`;
const fingerprint = (name = 'alice') => publicKeyOf(keyOf(name)).fingerprint;

/** Returns all header values that an application could read as this header. */
function valuesOf(rawHeaders: readonly string[], name: string): string[] {
  const values: string[] = [];
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const spelled = (rawHeaders[at] as string).toLowerCase().replaceAll('_', '-');
    if (spelled === name) values.push(rawHeaders[at + 1] as string);
  }
  return values;
}

describe.each(Object.entries(ENCODED))('the username %s', (name, encoded) => {
  test('is sent to a forward-auth proxy', async () => {
    const answer = await exchange(server.port, request('/.ajwt/auth', [signed(name)]));
    expect(answer.status).toBe(200);
    expect(answer.header('x-auth-user')).toBe(encoded);
    expect(answer.header('x-auth-key')).toBe(fingerprint(name));
    expect(answer.header('cache-control')).toBe('no-store');
    expect(answer.header('content-length')).toBe('0');
    expect(decodeURIComponent(encoded)).toBe(name);
  });

  test('is sent to the application', async () => {
    expect((await exchange(server.port, request('/v1', [signed(name)]))).text).toBe('hello');
    expect(valuesOf(upstream.seen[0]?.rawHeaders ?? [], 'x-auth-user')).toEqual([encoded]);
    expect(valuesOf(upstream.seen[0]?.rawHeaders ?? [], 'x-auth-key')).toEqual([fingerprint(name)]);
  });

  test('is shown by whoami', async () => {
    const answer = await exchange(server.port, request('/.ajwt/whoami', [signed(name)]));
    expect(JSON.parse(answer.text)).toMatchObject({ username: name, fingerprint: fingerprint(name) });
  });
});

/** Header lines that try to impersonate another user. */
const FORGED: Readonly<Record<string, readonly string[]>> = {
  'as configured': ['X-Auth-User: root', 'X-Auth-Key: SHA256:forged'],
  'in lower case': ['x-auth-user: root'],
  'in upper case': ['X-AUTH-USER: root'],
  'in mixed case': ['x-AuTh-uSeR: root'],
  'with underscores': ['X_Auth_User: root', 'X_AUTH_KEY: SHA256:forged'],
  'with dots': ['X.Auth.User: root', 'x-auth.key: SHA256:forged', 'X_Auth.User: root'],
  'with one underscore': ['X-Auth_User: root', 'X_Auth-User: root'],
  twice: ['X-Auth-User: root', 'X-Auth-User: root'],
  'twice, in different ways': ['X-Auth-User: root', 'x_auth_user: root', 'X-AUTH-USER: root'],
  empty: ['X-Auth-User:', 'X-Auth-Key:'],
  'named in Connection': ['Connection: X-Auth-User, X-Auth-Key', 'X-Auth-User: root'],
  'named in Connection, but not sent': ['Connection: X-Auth-User, x_auth_key, keep-alive'],
  'named in the second of two Connection headers': ['Connection: keep-alive', 'Connection: x-auth-user'],
  'with bytes above 127': ['X-Auth-User: r\xf6\xf6t'],
};
/** Matches header lines that forward-auth refuses. */
const IMITATES = /[_.]|^Connection:.*x-auth/im;
describe('an identity header sent by the client never reaches the application', () => {
  test.each(Object.entries(FORGED))('%s', async (_what, lines) => {
    const bytes = request('/v1', [...lines, signed(), ...lines]);
    expect((await exchange(server.port, bytes)).status).toBe(200);
    const { rawHeaders } = upstream.seen[0] as { rawHeaders: readonly string[] };
    expect(valuesOf(rawHeaders, 'x-auth-user')).toEqual(['alice']);
    expect(valuesOf(rawHeaders, 'x-auth-key')).toEqual([fingerprint()]);
    expect(rawHeaders.join(' ')).not.toMatch(/root|forged|r\xf6/);
  });

  test('as a trailer', async () => {
    const trailers = 'X-Auth-User: root\r\nX_Auth_User: root\r\nAuthorization: JWT forged\r\n';
    const lines = ['Transfer-Encoding: chunked', 'Trailer: X-Auth-User', 'TE: trailers', signed()];
    const bytes = request('/v1', lines, 'POST', `2\r\n{}\r\n0\r\n${trailers}\r\n`);
    expect((await exchange(server.port, bytes)).status).toBe(200);
    const seen = upstream.seen[0] as Upstream['seen'][number];
    expect(seen.body.toString()).toBe('{}');
    expect(seen.trailers).toEqual({});
    expect(seen.headers.trailer).toBeUndefined();
    expect(valuesOf(seen.rawHeaders, 'x-auth-user')).toEqual(['alice']);
  });

  test('forward-auth never returns a forged identity header, and refuses the request if the application could read the header', async () => {
    for (const [what, lines] of Object.entries(FORGED)) {
      const credential = signed();
      const answer = await exchange(server.port, request('/.ajwt/auth', [...lines, credential]));
      if (IMITATES.test(lines.join('\n'))) {
        expectAnswer(answer, 'malformed identity_header');
        expect(answer.head, what).not.toMatch(/x-auth/i);
        // The token is still unused.
        expect((await exchange(server.port, request('/.ajwt/auth', [credential]))).status).toBe(200);
      } else {
        expect(answer.header('x-auth-user'), what).toBe('alice');
        expect(answer.header('x-auth-key'), what).toBe(fingerprint());
      }
      const refused = await exchange(server.port, request('/.ajwt/auth', lines));
      expect(refused.status).toBe(401);
      expect(refused.head).not.toMatch(/x-auth/i);
    }
  });

  test('an identity header with a configured name is removed too', async () => {
    const names = ['--user-header', 'Remote-User', '--key-header', 'Remote-Key'];
    const other = await serve({ database, args: ['--upstream', upstream.url, ...names] });
    const credential = signed();
    const asked = await exchange(other.port, request('/.ajwt/auth', ['REMOTE_USER: root', credential]));
    expectAnswer(asked, 'malformed identity_header');
    const unrelated = ['X_Auth_User: root', 'Connection: X-Auth-Key', credential];
    expect((await exchange(other.port, request('/.ajwt/auth', unrelated))).status).toBe(200);
    const forged = ['Remote-User: root', 'REMOTE_USER: root', 'remote_key: root', 'Connection: Remote-User'];
    expect((await exchange(other.port, request('/v1', [...forged, signed()]))).status).toBe(200);
    const { rawHeaders } = upstream.seen[0] as { rawHeaders: readonly string[] };
    expect(valuesOf(rawHeaders, 'remote-user')).toEqual(['alice']);
    expect(valuesOf(rawHeaders, 'remote-key')).toEqual([fingerprint()]);
    await other.stop();
  });
});

test('credentials and the headers of this connection are not forwarded', async () => {
  const lines = [
    ...['Proxy-Authorization: Basic x', 'Keep-Alive: timeout=5', 'TE: trailers', 'Upgrade: h2c', 'Proxy-Connection: x'],
    ...['AUTHORIZATION_: x', 'Connection: X-Secret', 'X-Secret: 1', 'Cookie: a=1', 'X-Kept: yes', 'x-kept: also'],
  ];
  expect((await exchange(server.port, request('/v1?x=%2f..', [...lines, signed()]))).status).toBe(200);
  const { rawHeaders, headers, url } = upstream.seen[0] as Upstream['seen'][number];
  for (const name of ['authorization', 'proxy-authorization', 'keep-alive', 'te', 'upgrade', 'x-secret']) {
    expect(valuesOf(rawHeaders, name), name).toEqual([]);
  }
  expect(rawHeaders.join(' ')).not.toMatch(/eyJ/);
  expect(headers.cookie).toBe('a=1');
  expect(headers['x-kept']).toBe('yes, also');
  expect(headers.host).toBe('api.example.com');
  expect(url).toBe('/v1?x=%2f..');
});

test('a client cannot remove headers that the gateway needs by naming them in Connection', async () => {
  const lines = ['Connection: Content-Length, Host, Transfer-Encoding, X-Forwarded-For', 'Content-Length: 5'];
  expect((await exchange(server.port, request('/v1', [...lines, signed()], 'POST', 'a b c'))).status).toBe(200);
  const { body, headers } = upstream.seen[0] as Upstream['seen'][number];
  expect(body.toString()).toBe('a b c');
  expect(headers).toMatchObject({ host: 'api.example.com', 'x-forwarded-for': '127.0.0.1' });
  expect(upstream.seen).toHaveLength(1);
});

test('a refused request never reaches the application', async () => {
  const used = signed();
  await exchange(server.port, request('/v1', [used]));
  upstream.seen.length = 0;
  const refused = [[], [used], ['Authorization: JWT garbage'], [signed(), signed()], [`Authorization: Bearer x`]];
  for (const lines of refused) {
    const answer = await exchange(server.port, request('/v1', [...lines, 'Content-Length: 2'], 'POST', '{}'));
    expect(answer.status).toBe(401);
    expect(answer.header('content-type')).toBe('application/problem+json');
  }
  expect(upstream.seen).toEqual([]);
});

describe('a request target that could be read in two ways', () => {
  test.each(['http://elsewhere.example/v1', 'HTTP://api.example.com/v1', '*', 'v1'])(
    '%s gets a 400, because it is not a path',
    async (target) => {
      const answer = await exchange(server.port, request(target, [signed()], target === '*' ? 'OPTIONS' : 'GET'));
      expect(answer.status).toBe(400);
      expect(upstream.seen).toEqual([]);
    },
  );

  test.each(['/.ajwt/auth/../../v1', '/.ajwt/auth%2f..%2f', '/.ajwt/', '/.ajwt/other', '/.ajwt/whoami/x'])(
    '%s never reaches the application',
    async (target) => {
      const answer = await exchange(server.port, request(target, [signed()]));
      expect([200, 404]).toContain(answer.status);
      expect(upstream.seen).toEqual([]);
    },
  );

  test.each(['//elsewhere.example/v1', '/v1/../x', '/v1/%2e%2e/x', '/v1//x', '/v1;a=b', '/v1?a#b', '/v1%00'])(
    '%s arrives as it was sent and signed',
    async (target) => {
      const bound = token('alice', keyOf('alice'), { bind: { v: 1, htm: 'GET', target } });
      const answer = await exchange(server.port, request(target, [`Authorization: JWT ${bound}`]));
      expect(answer.status).toBe(200);
      expect(upstream.seen[0]?.url).toBe(target);
    },
  );
});
