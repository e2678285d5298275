import { createServer } from 'node:http';
import { createServer as createHttp2Server } from 'node:http2';
import { afterFile } from 'ajwt-testkit/after-file';
import { listen } from 'ajwt-testkit/listen';
import type { Identity } from 'asymmetric-jwt-auth';
import { h3Auth } from 'asymmetric-jwt-auth/h3';
import type { AdapterFixture, AdapterUser } from 'asymmetric-jwt-auth/testing';
import { defineHandler, H3, type H3Event, handleCors, serve as serveH3, toNodeHandler } from 'h3';
import { beforeEach, describe, expect, expectTypeOf, test } from 'vitest';
import { bodyOf, describeAdapter, messageOf } from './contract.ts';
import { makeGuido } from './guido.ts';
import { sendHttp2 } from './http2.ts';
import { serve } from './serve.ts';

const start: AdapterFixture['start'] = (authenticator) => {
  const [auth, optional] = [h3Auth(authenticator), h3Auth(authenticator, { optional: true })];
  const bound = h3Auth(authenticator, { require: ['htm', 'target'] });
  const respond = (of: typeof auth) => (event: H3Event) => JSON.stringify(bodyOf(of.identityOrUndefined(event)));
  const api = new H3()
    .use('/me', auth)
    .get('/me', (event) => bodyOf(auth.identity(event)))
    .get('/optional', respond(optional), { middleware: [optional] })
    .get('/bound', defineHandler({ middleware: [bound], handler: respond(bound) }))
    .get('/twice', respond(auth), { middleware: [auth, auth] })
    .get('/optional-then-bound', respond(bound), { middleware: [optional, bound] });
  const app = new H3().mount('/api', api).get('/open', (event) => [messageOf(() => auth.identity(event))]);
  return serve(createServer(toNodeHandler(app)));
};

describeAdapter('h3Auth', { start });

let guido: Awaited<ReturnType<typeof makeGuido>>;
beforeEach(async () => {
  guido = await makeGuido();
});

type Fetch = (path: string, init?: RequestInit) => Response | Promise<Response>;

/** Runs an application with the server of h3. @returns a function that sends requests to it */
async function onNode(app: H3, options: { trustProxy?: 'loopback' } = {}): Promise<Fetch> {
  const server = serveH3(app, { port: 0, hostname: '127.0.0.1', silent: true, ...options });
  await server.ready();
  afterFile(() => server.close(true));
  return (path, init) => fetch(new URL(path, server.url), init);
}

/** Calls an application without a server. */
const withoutNode = (app: H3): Promise<Fetch> => Promise.resolve((path, init) => app.request(path, init));

describe.each([
  ['on Node', onNode],
  ['without Node', withoutNode],
])('%s', (_where, run) => {
  const signed = async (bind?: { htm?: string; target?: string }) => ({ authorization: await guido.sign(bind) });

  test('a middleware on the application, on a mounted one and on a route claims the nonce once', async () => {
    const auth = h3Auth(guido.authenticator, { require: ['target'] });
    const inner = new H3().use(auth).get('/me', (event) => auth.identity(event).user.email, { middleware: [auth] });
    const send = await run(new H3().use('/api/**', auth).mount('/api', inner));
    const headers = await signed({ target: '/api/me?x=1' });
    expect(await (await send('/api/me?x=1', { headers })).text()).toBe('guido@example.com');
    expect((await send('/api/me?x=1', { headers })).status).toBe(401);
    expect(guido.reasons).toEqual(['accepted', 'replayed']);
  });

  test('a protected path cannot be spelled in a way that avoids the middleware', async () => {
    const send = await run(new H3().use('/api/**', h3Auth(guido.authenticator)).get('/api/me', () => 'secret'));
    for (const path of ['/api/me', '/%61pi/me', '/api/%6de', '/x/../api/me', '/api/me/', '//api/me', '/API/me']) {
      const { status } = await send(path.startsWith('//') ? `/.${path}` : path);
      expect([401, 404], path).toContain(status);
    }
  });

  test('preflights are answered by handleCors() in front, which also adds its headers to refusals', async () => {
    const app = new H3().use((event) => {
      const preflight = handleCors(event, { origin: '*', methods: '*' });
      return preflight === false ? undefined : preflight;
    });
    const send = await run(app.use(h3Auth(guido.authenticator)).get('/', () => 'ok'));
    const origin = { origin: 'https://app.example.com' };
    const preflight = { ...origin, 'access-control-request-method': 'GET' };
    expect((await send('/', { method: 'OPTIONS', headers: preflight })).status).toBe(204);
    const refused = await send('/', { headers: origin });
    expect(refused.status).toBe(401);
    expect(Object.fromEntries(refused.headers)).toMatchObject({
      'access-control-allow-origin': '*',
      'cache-control': 'no-store',
      'content-type': 'application/problem+json',
      'www-authenticate': 'JWT realm="api"',
    });
  });

  test('onError sees errors of handlers and unknown routes, but no refusals', async () => {
    const seen: number[] = [];
    const app = new H3({ silent: true, onError: ({ status }) => void seen.push(status) });
    app.use('/api/**', h3Auth(guido.authenticator)).get('/api/broken', () => {
      throw new Error('from the handler');
    });
    const send = await run(app);
    expect((await send('/api/broken')).status).toBe(401);
    expect((await send('/api/nothing')).status).toBe(401);
    expect(seen).toEqual([]);
    expect((await send('/api/broken', { headers: await signed() })).status).toBe(500);
    expect((await send('/api/nothing', { headers: await signed() })).status).toBe(404);
    expect(seen).toEqual([500, 404]);
  });

  test('the method is compared as sent in HEAD requests, and a body can be read behind the middleware', async () => {
    const auth = h3Auth(guido.authenticator, { require: ['htm', 'target'] });
    const app = new H3().use(auth).get('/me', () => 'me');
    const send = await run(app.post('/me', async (event) => await event.req.text()));
    const bind = { htm: 'HEAD', target: '/me' };
    expect((await send('/me', { method: 'HEAD', headers: await signed(bind) })).status).toBe(200);
    expect((await send('/me', { method: 'HEAD', headers: await signed({ ...bind, htm: 'GET' }) })).status).toBe(401);
    const headers = await signed({ ...bind, htm: 'POST' });
    expect(await (await send('/me', { method: 'POST', body: 'hello', headers })).text()).toBe('hello');
  });
});

test.each([
  [undefined, '127.0.0.1'],
  ['loopback', '192.0.2.1'],
] as const)('the address of the caller is the one that the server trusts: trustProxy %s', async (trust, expected) => {
  const app = new H3().use(h3Auth(guido.authenticator)).get('/', () => 'ok');
  const send = await onNode(app, trust && { trustProxy: trust });
  const headers = { authorization: await guido.sign(), 'x-forwarded-for': '192.0.2.1' };
  expect((await send('/', { headers })).status).toBe(200);
  expect(guido.addresses).toEqual([expected]);
});

test('the address that a platform sets is the address of the caller', async () => {
  const app = new H3().use(h3Auth(guido.authenticator)).get('/', () => 'ok');
  await app.request('/', { headers: { authorization: await guido.sign() } }, { clientAddress: '192.0.2.1' });
  expect(guido.addresses).toEqual(['192.0.2.1']);
});

test('an application that is mounted as a fetch sees the same request on Node, and a new one without Node', async () => {
  const auth = h3Auth(guido.authenticator, { require: ['target'] });
  const respond = (event: H3Event) => auth.identity(event).username;
  const inner = new H3().get('/', respond).get('/me', respond, { middleware: [auth] });
  const app = new H3().use(auth).mount('/api', { fetch: (request: Request) => inner.fetch(request) });
  const headers = async () => ({ authorization: await guido.sign({ target: '/api/me' }) });
  const send = await onNode(app);
  expect(await (await send('/api/me', { headers: await headers() })).text()).toBe('guido');
  const outside = { authorization: await guido.sign({ target: '/api/' }) };
  expect(await (await send('/api/', { headers: outside })).text()).toBe('guido');
  expect((await app.request('/api/me', { headers: await headers() })).status).toBe(401);
});

test('HTTP/2 requests are authenticated', async () => {
  const auth = h3Auth(guido.authenticator, { require: ['htm', 'target'] });
  const app = new H3().use(auth).get('/api/me', (event) => auth.identity(event).username);
  const server = createHttp2Server(toNodeHandler(app));
  const url = await listen(server as never);
  afterFile(() => server.close());
  const header = await guido.sign({ htm: 'GET', target: '/api/me' });
  expect((await sendHttp2(url, '/api/me')).status).toBe(401);
  expect(await sendHttp2(url, '/api/me', header)).toEqual({ status: 200, body: 'guido' });
  expect((await sendHttp2(url, '/api/me', header)).status).toBe(401);
});

test('identities are typed by the user of the key store', () => {
  const auth = h3Auth(guido.authenticator);
  new H3().use('/**', auth).get('/', (event) => {
    expectTypeOf(auth.identity(event)).toEqualTypeOf<Identity<AdapterUser>>();
    expectTypeOf(auth.identityOrUndefined(event)).toEqualTypeOf<Identity<AdapterUser> | undefined>();
    return '';
  });
});

test('a wrong option is refused when the server starts', () => {
  const make = (options: object) => () => h3Auth(guido.authenticator, options);
  expect(make({ optionl: true })).toThrow(/option optionl: unknown; did you mean optional\?/);
  expect(make({ body: 'streams' })).toThrow(/option body: must be 'buffer' or 'stream'/);
  expect(() => h3Auth({} as never)).toThrow(/createAuthenticator/);
});
