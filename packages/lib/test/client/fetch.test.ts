import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { listen } from 'ajwt-testkit/listen';
import { createSignedFetch, PrivateKey, SignedFetchError, type SignedFetchOptions } from 'asymmetric-jwt-auth/client';
import { nodeAuth } from 'asymmetric-jwt-auth/node';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createAuthenticator, memoryKeyStore, memoryNonceStore } from '../../src/index.ts';

/** A request as the server received it. */
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
    // The audience of each server is its origin, whose port is unknown until the server listens.
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
  test('gives each request a new token', async () => {
    const api = signed();
    for (let count = 0; count < 3; count++) expect(await (await api(`${origin}/me`)).text()).toBe('guido');
    expect(new Set(seen.map(({ authorization }) => authorization)).size).toBe(3);
  });

  test('accepts the parameters of fetch: a URL, a Request, a body and headers', async () => {
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

  test('refuses a URL with credentials, as fetch does', async () => {
    await expect(signed()(origin.replace('//', '//a:b@'))).rejects.toThrow(TypeError);
    expect(seen).toHaveLength(0);
  });

  test('binds the token to its audience, so other services refuse the token', async () => {
    const response = await signed({ bind: ['aud'], audience: 'https://other.example' })(`${origin}/me`);
    expect(await response.json()).toMatchObject({ error: 'wrong_audience' });
  });

  test('with sendAudClaim, sends the audience twice, and our server accepts the token', async () => {
    expect((await signed({ bind: ['aud'], sendAudClaim: true })(`${origin}/me`)).status).toBe(200);
  });
});

describe('a signed fetch that is redirected', () => {
  test.each([301, 302, 303, 307, 308])(
    'follows a redirect with status %i within the origin, with a new token',
    async (status) => {
      const response = await signed({ bind: ['aud', 'htm', 'target'] })(redirect(status, '/there?x=1'));
      expect(response.status).toBe(200);
      expect(seen.map(({ url, accepted }) => [url, accepted])).toEqual([
        [expect.stringContaining('/redirect/'), true],
        ['/there?x=1', true],
      ]);
      expect(new Set(seen.map(({ authorization }) => authorization)).size).toBe(2);
    },
  );

  test.each([
    [301, 'GET', '', undefined],
    [302, 'GET', '', undefined],
    [303, 'GET', '', undefined],
    [307, 'POST', 'hello', 'text/plain;charset=UTF-8'],
    [308, 'POST', 'hello', 'text/plain;charset=UTF-8'],
  ])('after a POST is redirected with status %i, sends a %s', async (status, method, body, type) => {
    await signed()(redirect(status, '/there'), { method: 'POST', body: 'hello' });
    expect(seen[1]).toMatchObject({ method, body, type, accepted: true });
  });

  test('sends nothing to another origin', async () => {
    const error = await signed()(redirect(307, `${elsewhere}/there`)).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(SignedFetchError);
    expect(error).toMatchObject({ code: 'cross_origin_redirect', message: expect.stringContaining(elsewhere) });
    expect(seen).toHaveLength(1);
  });

  test('does not send a stream a second time', async () => {
    const body = new Blob(['hello']).stream();
    const sending = signed()(redirect(307, '/there'), { method: 'POST', body, duplex: 'half' } as RequestInit);
    await expect(sending).rejects.toMatchObject({ code: 'body_not_repeatable' });
  });

  test('ends a loop', async () => {
    await expect(signed()(`${origin}/loop`)).rejects.toMatchObject({ code: 'too_many_redirects' });
    expect(seen).toHaveLength(21);
  });

  test.each(['http://', 'data:,x'])('does not follow a redirect to %j', async (location) => {
    await expect(signed()(redirect(302, location))).rejects.toMatchObject({ name: 'SignedFetchError' });
    expect(seen).toHaveLength(1);
  });

  test('returns a redirect with redirect: manual, and rejects with redirect: error', async () => {
    expect((await signed()(redirect(302, '/there'), { redirect: 'manual' })).status).toBe(302);
    await expect(signed()(redirect(302, '/there'), { redirect: 'error' })).rejects.toThrow(TypeError);
    expect(seen).toHaveLength(2);
  });
});

describe('the body of a Request', () => {
  /** Starts a server that records requests. It redirects `/from` after the whole body, and `/from-first` after the first chunk. */
  async function recorder() {
    const received: { url: string | undefined; length: string | undefined; body: string }[] = [];
    const server = createServer(async (request, response) => {
      const { url, headers } = request;
      const answer = () => {
        if (!url?.startsWith('/from')) return response.end();
        response.writeHead(307, { location: '/to' }).end();
      };
      if (url === '/from-first') request.once('data', answer);
      let body = '';
      for await (const chunk of request) body += chunk;
      received.push({ url, length: headers['content-length'], body });
      if (url !== '/from-first') answer();
    });
    servers.push(server);
    return { received, at: await listen(server) };
  }

  test.each<[string, BodyInit, string]>([
    ['a string', 'héllo', 'héllo'],
    ['an empty string', '', ''],
    ['bytes', new Uint8Array([65, 66]), 'AB'],
    ['a form', new URLSearchParams({ q: '1' }), 'q=1'],
    ['256 KiB', 'x'.repeat(262_144), 'x'.repeat(262_144)],
  ])('is sent again with its Content-Length: %s', async (_what, body, text) => {
    const { received, at } = await recorder();
    await signed()(new Request(`${at}/from`, { method: 'POST', body }));
    const length = String(Buffer.byteLength(text));
    expect(received).toEqual([
      { url: '/from', length, body: text },
      { url: '/to', length, body: text },
    ]);
  });

  test('is sent again if it is a stream that has ended', async () => {
    const { received, at } = await recorder();
    const body = new Blob(['he', 'llo']).stream();
    await signed()(new Request(`${at}/from`, { method: 'POST', body, duplex: 'half' } as RequestInit));
    expect(received.map((it) => it.body)).toEqual(['hello', 'hello']);
  });

  test('is not sent again if it is too long', async () => {
    const { received, at } = await recorder();
    const sending = signed()(new Request(`${at}/from`, { method: 'POST', body: 'x'.repeat(262_145) }));
    await expect(sending).rejects.toMatchObject({ code: 'body_not_repeatable' });
    expect(received.map((it) => it.body.length)).toEqual([262_145]);
  });

  test('is not sent again before it has ended', async () => {
    const { at } = await recorder();
    const { readable, writable } = new TransformStream<Uint8Array>();
    const sending = signed()(
      new Request(`${at}/from-first`, { method: 'POST', body: readable, duplex: 'half' } as RequestInit),
    );
    const refused = expect(sending).rejects.toMatchObject({ code: 'body_not_repeatable' });
    await writable.getWriter().write(Buffer.from('first'));
    await refused;
  });

  test('is cancelled if the call fails, so its writer can stop', async () => {
    const cancelled = Promise.withResolvers<unknown>();
    const body = new ReadableStream({ cancel: cancelled.resolve });
    const fetch: typeof globalThis.fetch = async (input) => {
      (input as Request).body?.cancel('enough');
      throw new TypeError('fetch failed');
    };
    const sending = signed({ fetch })(new Request(origin, { method: 'POST', body, duplex: 'half' } as RequestInit));
    await expect(sending).rejects.toThrow('fetch failed');
    expect(await cancelled.promise).toContain('enough');
  });

  test('is not read if init replaces it', async () => {
    const { received, at } = await recorder();
    const request = new Request(`${at}/from`, { method: 'POST', body: 'old' });
    await signed()(request, { body: 'new' });
    expect(received.map((it) => it.body)).toEqual(['new', 'new']);
  });

  test('is refused if it was already read, just as fetch refuses it', async () => {
    const request = new Request(origin, { method: 'POST', body: 'hello' });
    await request.text();
    await expect(signed()(request)).rejects.toThrow(TypeError);
  });

  test('rejects the call if the stream fails', async () => {
    const body = new ReadableStream({ pull: (controller) => controller.error(new Error('disk on fire')) });
    const sending = signed()(new Request(origin, { method: 'POST', body, duplex: 'half' } as RequestInit));
    await expect(sending).rejects.toThrow();
  });
});

test('10 000 concurrent requests have 10 000 different nonces', async () => {
  const tokens = new Set<string | null>();
  let release = () => {};
  const all = new Promise<void>((resolve) => {
    release = resolve;
  });
  const api = signed({
    // Responds only when all requests have arrived.
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
