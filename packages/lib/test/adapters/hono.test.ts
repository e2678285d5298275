import type { Server } from 'node:http';
import { createServer as createHttp2Server } from 'node:http2';
import { createAdaptorServer } from '@hono/node-server';
import { getConnInfo } from '@hono/node-server/conninfo';
import { afterFile } from 'ajwt-testkit/after-file';
import { listen } from 'ajwt-testkit/listen';
import type { Identity } from 'asymmetric-jwt-auth';
import { honoAuth } from 'asymmetric-jwt-auth/hono';
import type { AdapterFixture, AdapterUser } from 'asymmetric-jwt-auth/testing';
import { type Context, Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { cors } from 'hono/cors';
import { methodOverride } from 'hono/method-override';
import { requestId } from 'hono/request-id';
import { beforeEach, describe, expect, expectTypeOf, test } from 'vitest';
import { bodyOf, describeAdapter, messageOf } from './contract.ts';
import { makeGuido } from './guido.ts';
import { sendHttp2 } from './http2.ts';
import { serve } from './serve.ts';

const start: AdapterFixture['start'] = (authenticator) => {
  const [auth, optional] = [honoAuth(authenticator), honoAuth(authenticator, { optional: true })];
  const bound = honoAuth(authenticator, { require: ['htm', 'target'] });
  const respond = (of: Pick<typeof auth, 'identityOrUndefined'>) => (c: Context) =>
    c.json(bodyOf(of.identityOrUndefined(c)));
  const api = new Hono()
    .get('/me', auth, (c) => c.json(bodyOf(c.get('auth'))))
    .get('/optional', optional, respond(optional))
    .get('/bound', bound, (c) => c.json(bodyOf(bound.identity(c))))
    .get('/twice', auth, auth, respond(auth))
    .get('/optional-then-bound', optional, bound, respond(bound));
  const app = new Hono().route('/api', api).get('/open', (c) => c.json(messageOf(() => auth.identity(c))));
  return serve(createAdaptorServer({ fetch: app.fetch }) as Server);
};

describeAdapter('honoAuth', { start });

let guido: Awaited<ReturnType<typeof makeGuido>>;
beforeEach(async () => {
  guido = await makeGuido();
});

type App = Pick<Hono, 'fetch' | 'request'>;
type Fetch = (path: string, init?: RequestInit) => Response | Promise<Response>;

/** Runs an application on Node. @returns a function that sends requests to it */
async function onNode(app: App): Promise<Fetch> {
  const server = createAdaptorServer({ fetch: app.fetch }) as Server;
  afterFile(() => server.close());
  const url = await listen(server);
  return (path, init) => fetch(url + path, init);
}

/** Calls an application without a server. */
const withoutNode = (app: App): Promise<Fetch> => Promise.resolve((path, init) => app.request(path, init));

describe.each([
  ['on Node', onNode],
  ['without Node', withoutNode],
])('%s', (_where, run) => {
  const signed = async (bind?: { htm?: string; target?: string }) => ({ authorization: await guido.sign(bind) });

  test('a middleware that protects the application, a router and a route claims the nonce once', async () => {
    const auth = honoAuth(guido.authenticator);
    const router = new Hono().use(auth).get('/me', auth, (c) => c.json(auth.identity(c).user.email));
    const send = await run(new Hono().use(auth).route('/api', router));
    const headers = await signed();
    expect(await (await send('/api/me', { headers })).json()).toBe('guido@example.com');
    expect((await send('/api/me', { headers })).status).toBe(401);
    expect(guido.reasons).toEqual(['accepted', 'replayed']);
  });

  test('a chunked body behind a limit can be read, and the second call is not a replay', async () => {
    const auth = honoAuth(guido.authenticator);
    const app = new Hono().post('/', auth, bodyLimit({ maxSize: 10 }), auth, async (c) => c.text(await c.req.text()));
    const send = await run(app);
    const post = async (chunks: readonly string[]) => {
      const body = new ReadableStream({
        start(controller) {
          for (const chunk of chunks) controller.enqueue(Buffer.from(chunk));
          controller.close();
        },
      });
      return send('/', { method: 'POST', headers: await signed(), body, duplex: 'half' } as RequestInit);
    };
    expect(await (await post(['hello', ' you'])).text()).toBe('hello you');
    expect((await post(['hello', ' everyone'])).status).toBe(413);
    expect(guido.reasons).toEqual(['accepted', 'accepted']);
  });

  test('preflights are answered by cors() in front, which also adds its headers to refusals', async () => {
    const app = new Hono().use(cors(), honoAuth(guido.authenticator)).get('/', (c) => c.text('ok'));
    const send = await run(app);
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

  test('a refusal has the headers that a middleware in front has set on the context', async () => {
    const send = await run(new Hono().use(requestId(), honoAuth(guido.authenticator)));
    const { status, headers } = await send('/', { headers: { 'x-request-id': 'abc' } });
    expect([status, headers.get('x-request-id')]).toEqual([401, 'abc']);
  });

  test('an error handler and a handler for 404 see neither refusals nor protected paths', async () => {
    const seen: string[] = [];
    const auth = honoAuth(guido.authenticator);
    const app = new Hono().use('/api/*', auth).get('/api/broken', () => {
      throw new Error('from the handler');
    });
    app.onError((error, c) => {
      seen.push(error.message);
      return c.text('error', 500);
    });
    app.notFound((c) => c.text(auth.identity(c).username, 404));
    const send = await run(app);
    expect((await send('/api/broken')).status).toBe(401);
    expect((await send('/api/nothing')).status).toBe(401);
    expect(seen).toEqual([]);
    expect((await send('/api/broken', { headers: await signed() })).status).toBe(500);
    expect(seen).toEqual(['from the handler']);
    const missing = await send('/api/nothing', { headers: await signed() });
    expect([missing.status, await missing.text()]).toEqual([404, 'guido']);
  });

  test('the method and the target are compared as sent, in HEAD requests and with an override', async () => {
    const auth = honoAuth(guido.authenticator, { require: ['htm', 'target'] });
    const app = new Hono();
    app.use(methodOverride({ app, header: 'x-method' }), auth);
    app.get('/me', (c) => c.text('read')).delete('/me', (c) => c.text('deleted'));
    const send = await run(app);
    const head = await send('/me', { method: 'HEAD', headers: await signed({ htm: 'HEAD', target: '/me' }) });
    expect(head.status).toBe(200);
    const asGet = await send('/me', { method: 'HEAD', headers: await signed({ htm: 'GET', target: '/me' }) });
    expect(asGet.status).toBe(401);
  });

  test('the option `address` provides the address of the caller', async () => {
    const auth = honoAuth(guido.authenticator, { address: (c) => c.req.raw.headers.get('x-real-ip') ?? undefined });
    const send = await run(new Hono().get('/', auth, (c) => c.text('ok')));
    await send('/', { headers: { ...(await signed()), 'x-real-ip': '192.0.2.1' } });
    expect(guido.addresses).toEqual(['192.0.2.1']);
  });

  test('optional authentication does not let an invalid credential through, and c.var has no identity then', async () => {
    const auth = honoAuth(guido.authenticator, { optional: true });
    const send = await run(new Hono().get('/', auth, (c) => c.json(c.var.auth?.username ?? null)));
    expect(await (await send('/')).json()).toBeNull();
    expect(await (await send('/', { headers: await signed() })).json()).toBe('guido');
    expect((await send('/', { headers: { authorization: 'JWT x' } })).status).toBe(401);
  });
});

test('on Node, a method that was overridden is compared as sent, and a request that is dispatched again is not a replay', async () => {
  const auth = honoAuth(guido.authenticator, { require: ['htm'] });
  const app = new Hono();
  app.use(auth, methodOverride({ app, header: 'x-method' }));
  app.delete('/me', (c) => c.text(auth.identity(c).username));
  const send = await onNode(app);
  const headers = async (htm: string) => ({ authorization: await guido.sign({ htm }), 'x-method': 'DELETE' });
  expect((await send('/me', { method: 'POST', headers: await headers('DELETE') })).status).toBe(401);
  const sent = await send('/me', { method: 'POST', headers: await headers('POST') });
  expect(await sent.text()).toBe('guido');
});

test('a mounted application sees the same request on Node, and a new one without Node', async () => {
  const auth = honoAuth(guido.authenticator, { require: ['target'] });
  const inner = new Hono().get('/me', auth, (c) => c.text(auth.identity(c).username));
  const app = new Hono().use(auth).mount('/api', inner.fetch);
  const headers = async () => ({ authorization: await guido.sign({ target: '/api/me' }) });
  const send = await onNode(app);
  expect((await send('/api/me', { headers: await headers() })).status).toBe(200);
  expect((await app.request('/api/me', { headers: await headers() })).status).toBe(401);
});

test('a binding of a platform that is named `incoming` is not mistaken for the request', async () => {
  const auth = honoAuth(guido.authenticator);
  const app = new Hono().get('/', auth, (c) => c.text('ok'));
  const env = { incoming: { get: () => 'a key-value store' } };
  const headers = { authorization: await guido.sign() };
  expect((await app.request('/', { headers }, env)).status).toBe(200);
  expect((await app.request('/', { headers }, env)).status).toBe(401);
  expect((await app.request('/', {}, env)).status).toBe(401);
});

test('HTTP/2 requests are authenticated', async () => {
  const auth = honoAuth(guido.authenticator, { require: ['htm', 'target'] });
  const app = new Hono().use(auth).get('/api/me', (c) => c.json([auth.identity(c).username, getConnInfo(c).remote]));
  const server = createAdaptorServer({ fetch: app.fetch, createServer: createHttp2Server });
  const url = await listen(server as Server);
  afterFile(() => server.close());
  const header = await guido.sign({ htm: 'GET', target: '/api/me' });
  expect((await sendHttp2(url, '/api/me')).status).toBe(401);
  expect((await sendHttp2(url, '/api/me', header)).body).toContain('["guido",');
  expect((await sendHttp2(url, '/api/me', header)).status).toBe(401);
  expect(guido.addresses).toEqual(Array(3).fill('127.0.0.1'));
});

test('identities are typed by the user of the key store', () => {
  const [auth, optional] = [honoAuth(guido.authenticator), honoAuth(guido.authenticator, { optional: true })];
  new Hono().get('/', auth, (c) => {
    expectTypeOf(c.get('auth')).toEqualTypeOf<Identity<AdapterUser>>();
    expectTypeOf(c.var.auth.user.email).toBeString();
    expectTypeOf(auth.identity(c)).toEqualTypeOf<Identity<AdapterUser>>();
    return c.text('');
  });
  new Hono().use(optional).get('/', (c) => {
    expectTypeOf(c.get('auth')).toEqualTypeOf<Identity<AdapterUser> | undefined>();
    expectTypeOf(optional.identityOrUndefined(c)).toEqualTypeOf<Identity<AdapterUser> | undefined>();
    return c.text('');
  });
});

test('a wrong option is refused when the server starts', () => {
  const make = (options: object) => () => honoAuth(guido.authenticator, options);
  expect(make({ optionl: true })).toThrow(/option optionl: unknown; did you mean optional\?/);
  expect(make({ address: '127.0.0.1' })).toThrow(/option address: must be a function/);
  expect(make({ body: 'streams' })).toThrow(/option body: must be 'buffer' or 'stream'/);
  expect(() => honoAuth({} as never)).toThrow(/createAuthenticator/);
});
