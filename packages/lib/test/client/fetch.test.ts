import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createSignedFetch, PrivateKey, SignedFetchError, type SignedFetchOptions } from 'asymmetric-jwt-auth/client';
import { nodeAuth } from 'asymmetric-jwt-auth/node';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createAuthenticator, memoryKeyStore, memoryNonceStore } from '../../src/index.ts';
import { listen } from '../adapters/suite.ts';

/** What the server saw of one request. */
interface Seen {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly authorization: string | undefined;
  readonly body: string;
  readonly type: string | undefined;
  readonly accepted: boolean;
}

let seen: Seen[] = [];
let origin = '';
let elsewhere = '';
let key: PrivateKey;
const servers: Server[] = [];

beforeAll(async () => {
  key = await PrivateKey.generate();
  const keys = memoryKeyStore();
  keys.addKey('guido', key.publicKey);
  const nonces = memoryNonceStore();
  const start = async () => {
    let own = '';
    // Each server is its own audience, which is known only when it listens.
    const server = createServer((request, response) => serve(request, response, own));
    servers.push(server);
    own = await listen(server);
    return own;
  };
  const serve = async (request: IncomingMessage, response: ServerResponse, audience: string) => {
    const { authenticate, reject } = nodeAuth(createAuthenticator({ keys, nonces, audience }));
    const result = await authenticate(request);
    let body = '';
    for await (const chunk of request) body += chunk;
    const { method, url, headers } = request;
    seen.push({
      method,
      url,
      authorization: headers.authorization,
      body,
      type: headers['content-type'],
      accepted: result.ok,
    });
    if (!result.ok) return reject(response, result);
    const [, status, location] = /^\/redirect\/(\d+)\/(.*)$/.exec(url ?? '') ?? [];
    if (status !== undefined) response.writeHead(Number(status), { location: decodeURIComponent(location ?? '') });
    else if (url === '/loop') response.writeHead(302, { location: '/loop' });
    response.end(result.username);
  };
  origin = await start();
  elsewhere = await start();
});
beforeEach(() => {
  seen = [];
});
afterAll(() => {
  for (const server of servers) server.close();
});

const signed = (options: Partial<SignedFetchOptions> = {}) => createSignedFetch({ username: 'guido', key, ...options });
const redirect = (status: number, to: string) => `${origin}/redirect/${status}/${encodeURIComponent(to)}`;

describe('a signed fetch', () => {
  test('signs each request anew', async () => {
    const api = signed();
    for (let count = 0; count < 3; count++) expect(await (await api(`${origin}/me`)).text()).toBe('guido');
    expect(new Set(seen.map(({ authorization }) => authorization)).size).toBe(3);
  });

  test('is called as fetch is: with a URL, with a Request, with a body and headers', async () => {
    const api = signed({ bind: ['aud', 'htm', 'target'] });
    await api(new URL(`${origin}/a?b=c%20d`));
    await api(new Request(`${origin}/b`, { method: 'PUT', body: 'hello', headers: { 'content-type': 'text/x' } }));
    await api(`${origin}/c`, {
      method: 'post',
      body: new URLSearchParams({ q: '1' }),
      headers: { authorization: 'JWT old' },
    });
    expect(seen.map(({ method, url, body, type, accepted }) => [method, url, body, type, accepted])).toEqual([
      ['GET', '/a?b=c%20d', '', undefined, true],
      ['PUT', '/b', 'hello', 'text/x', true],
      ['POST', '/c', 'q=1', 'application/x-www-form-urlencoded;charset=UTF-8', true],
    ]);
  });

  test('a URL with credentials is refused, as fetch refuses it', async () => {
    await expect(signed()(origin.replace('//', '//a:b@'))).rejects.toThrow(TypeError);
    expect(seen).toHaveLength(0);
  });

  test('a token bound to another service is refused there', async () => {
    const response = await signed({ bind: ['aud'], audience: 'https://other.example' })(`${origin}/me`);
    expect(await response.json()).toMatchObject({ error: 'wrong_audience' });
  });

  test('hard mode sends the audience twice, and our server takes it', async () => {
    expect((await signed({ bind: ['aud'], hard: true })(`${origin}/me`)).status).toBe(200);
  });
});

describe('redirects', () => {
  test.each([301, 302, 303, 307, 308])('a %i within the origin is followed with a token of its own', async (status) => {
    const response = await signed({ bind: ['aud', 'htm', 'target'] })(redirect(status, '/there?x=1'));
    expect(response.status).toBe(200);
    expect(seen.map(({ url, accepted }) => [url, accepted])).toEqual([
      [expect.stringContaining('/redirect/'), true],
      ['/there?x=1', true],
    ]);
    expect(new Set(seen.map(({ authorization }) => authorization)).size).toBe(2);
  });

  test.each([
    [301, 'GET', '', undefined],
    [302, 'GET', '', undefined],
    [303, 'GET', '', undefined],
    [307, 'POST', 'hello', 'text/plain;charset=UTF-8'],
    [308, 'POST', 'hello', 'text/plain;charset=UTF-8'],
  ])('a POST after %i goes on as %s', async (status, method, body, type) => {
    await signed()(redirect(status, '/there'), { method: 'POST', body: 'hello' });
    expect(seen[1]).toMatchObject({ method, body, type, accepted: true });
  });

  test('to another origin nothing is sent', async () => {
    const error = await signed()(redirect(307, `${elsewhere}/there`)).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(SignedFetchError);
    expect(error).toMatchObject({ code: 'cross_origin_redirect', message: expect.stringContaining(elsewhere) });
    expect(seen).toHaveLength(1);
  });

  test('a body that was a stream is not sent again', async () => {
    const body = new Blob(['hello']).stream();
    const sending = signed()(redirect(307, '/there'), { method: 'POST', body, duplex: 'half' } as RequestInit);
    await expect(sending).rejects.toMatchObject({ code: 'body_not_repeatable' });
  });

  test('a loop ends', async () => {
    await expect(signed()(`${origin}/loop`)).rejects.toMatchObject({ code: 'too_many_redirects' });
    expect(seen).toHaveLength(21);
  });

  test.each(['http://', 'data:,x'])('%j is not followed', async (location) => {
    await expect(signed()(redirect(302, location))).rejects.toMatchObject({ name: 'SignedFetchError' });
    expect(seen).toHaveLength(1);
  });

  test('are handed back with redirect: manual, and refused with redirect: error', async () => {
    expect((await signed()(redirect(302, '/there'), { redirect: 'manual' })).status).toBe(302);
    await expect(signed()(redirect(302, '/there'), { redirect: 'error' })).rejects.toThrow(TypeError);
    expect(seen).toHaveLength(2);
  });
});

test('10 000 requests in flight have 10 000 nonces', async () => {
  const tokens = new Set<string | null>();
  let release = () => {};
  const all = new Promise<void>((resolve) => {
    release = resolve;
  });
  const api = signed({
    // Answers none before all are there.
    fetch: async (_input, init) => {
      tokens.add(new Headers(init?.headers).get('authorization'));
      if (tokens.size === 10_000) release();
      await all;
      return new Response();
    },
  });
  await Promise.all(Array.from({ length: 10_000 }, () => api('http://127.0.0.1/me')));
  const nonceOf = (token: string | null) =>
    JSON.parse(Buffer.from(token?.split('.')[1] ?? '', 'base64url').toString()).nonce;
  expect(new Set([...tokens].map(nonceOf)).size).toBe(10_000);
});
