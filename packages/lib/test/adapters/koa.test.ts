import { createServer } from 'node:http';
import { connect, createServer as createHttp2Server } from 'node:http2';
import type { AddressInfo } from 'node:net';
import Router from '@koa/router';
import type { Authenticator, Identity } from 'asymmetric-jwt-auth';
import { type KoaAuthState, koaAuth } from 'asymmetric-jwt-auth/koa';
import { nodeAuth } from 'asymmetric-jwt-auth/node';
import type { AdapterFixture, AdapterServer, AdapterUser } from 'asymmetric-jwt-auth/testing';
import Koa, { type Context } from 'koa';
import { afterEach, beforeEach, describe, expect, expectTypeOf, test } from 'vitest';
import { bodyOf, describeAdapter, messageOf } from './contract.ts';
import { makeGuido } from './guido.ts';
import { serve } from './serve.ts';

const start: AdapterFixture['start'] = (authenticator) => {
  const [auth, optional] = [koaAuth(authenticator), koaAuth(authenticator, { optional: true })];
  const bound = koaAuth(authenticator, { require: ['htm', 'target'] });
  const respond = (of: typeof auth | typeof optional) => (ctx: Context) => {
    ctx.body = JSON.stringify(bodyOf(of.identityOrUndefined(ctx)));
  };
  const api = new Router({ prefix: '/api' });
  api.get('/me', auth, (ctx: Context) => {
    ctx.body = bodyOf(auth.identity(ctx));
  });
  api.get('/optional', optional, respond(optional));
  api.get('/bound', bound, respond(bound));
  api.get('/twice', auth, auth, respond(auth));
  api.get('/optional-then-bound', optional, bound, respond(bound));
  const app = new Koa();
  app.use(api.routes()).use((ctx) => {
    if (ctx.path === '/open') ctx.body = JSON.stringify(messageOf(() => auth.identity(ctx)));
  });
  return serve(createServer(app.callback()));
};

describeAdapter('koaAuth', { start });

let auth: Authenticator<AdapterUser>;
let sign: Awaited<ReturnType<typeof makeGuido>>['sign'];
let reasons: string[];
let addresses: (string | undefined)[];
const servers: AdapterServer[] = [];

beforeEach(async () => {
  ({ authenticator: auth, sign, reasons, addresses } = await makeGuido());
});

afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

/** Starts a server with an application. @returns a function that sends requests with a new token, or with the given headers */
async function sendTo(app: Pick<Koa, 'silent' | 'callback'>) {
  app.silent = true; // does not print the errors of handlers
  const server = await serve(createServer(app.callback()));
  servers.push(server);
  return async (path: string, { signed = true, method = 'GET', headers = {} } = {}) => {
    const authorization = signed ? { authorization: await sign() } : {};
    const response = await fetch(`${server.url}${path}`, { method, headers: { ...authorization, ...headers } });
    return { status: response.status, headers: response.headers, body: await response.text() };
  };
}

describe('koaAuth', () => {
  test('sends its refusal unchanged, with the headers of earlier middleware, and nothing reaches an error handler', async () => {
    const caught: unknown[] = [];
    const app = new Koa();
    app.on('error', (error) => caught.push(error));
    app.use(async (ctx, next) => {
      ctx.set('x-request-id', '1');
      await next().catch((error) => caught.push(error));
    });
    app.use(koaAuth(auth)).use((ctx) => {
      ctx.body = 'ok';
    });
    const send = await sendTo(app);
    const { status, headers, body } = await send('/', { signed: false });
    expect([status, JSON.parse(body).status]).toEqual([401, 401]);
    expect(Object.fromEntries(headers)).toMatchObject({
      'x-request-id': '1',
      'content-type': 'application/problem+json',
      'cache-control': 'no-store',
      'www-authenticate': 'JWT realm="api"',
      'content-length': String(body.length),
    });
    expect(await send('/', { signed: false, method: 'HEAD' })).toMatchObject({ status: 401, body: '' });
    expect(caught).toEqual([]);
  });

  test('leaves an error of a handler to Koa, and responds with 404 behind it for authenticated callers only', async () => {
    const app = new Koa();
    app.use(koaAuth(auth)).use(async (ctx) => {
      if (ctx.path === '/fails') ctx.throw(418, 'the handler failed');
    });
    const send = await sendTo(app);
    expect(await send('/fails')).toMatchObject({ status: 418, body: 'the handler failed' });
    expect((await send('/nowhere')).status).toBe(404);
    expect((await send('/nowhere', { signed: false })).status).toBe(401);
  });

  test('sets ctx.state.auth, and removes what was there if the request has no credential', async () => {
    const optional = koaAuth(auth, { optional: true });
    const app = new Koa();
    app.use(async (ctx, next) => {
      ctx.state.auth = 'forged';
      await next();
    });
    app.use(optional).use((ctx) => {
      ctx.body = { state: ctx.state.auth ?? null, same: ctx.state.auth === optional.identityOrUndefined(ctx) };
    });
    const send = await sendTo(app);
    expect((await send('/', { signed: false })).body).toBe('{"state":null,"same":true}');
    expect(JSON.parse((await send('/')).body)).toMatchObject({ state: { username: 'guido' }, same: true });
    expect((await send('/', { signed: false, headers: { authorization: 'JWT x' } })).status).toBe(401);
  });

  test('types the identity and ctx.state by the users of the key store', () => {
    const [strict, optional] = [koaAuth(auth), koaAuth(auth, { optional: true })];
    new Koa<KoaAuthState<AdapterUser>>().use(strict).use((ctx) => {
      expectTypeOf(ctx.state.auth).toEqualTypeOf<Identity<AdapterUser>>();
      expectTypeOf(strict.identity(ctx)).toEqualTypeOf<Identity<AdapterUser>>();
    });
    new Koa<KoaAuthState<AdapterUser, true>>().use(optional).use((ctx) => {
      expectTypeOf(ctx.state.auth).toEqualTypeOf<Identity<AdapterUser> | undefined>();
    });
    const router = new Router<KoaAuthState<AdapterUser>>();
    router.get('/', strict, (ctx) => {
      expectTypeOf(ctx.state.auth.user.email).toBeString();
    });
  });

  test('compares a binding with the request before a middleware rewrote its path', async () => {
    const guard = koaAuth(auth, { require: ['target'] });
    const app = new Koa();
    app.use(async (ctx, next) => {
      ctx.url = '/internal';
      await next();
    });
    app.use(guard).use((ctx) => {
      ctx.body = ctx.path;
    });
    const send = await sendTo(app);
    const bound = async (target: string) => ({ headers: { authorization: await sign({ target }) } });
    expect((await send('/public?a=b', await bound('/public?a=b'))).body).toBe('/internal');
    expect((await send('/public', await bound('/internal'))).body).toContain('binding_mismatch');
  });

  test('authenticates once, also in an application that is called from another one, and together with nodeAuth', async () => {
    const guard = koaAuth(auth);
    const inner = new Koa().use(guard).use(async (ctx) => {
      const again = await nodeAuth(auth).authenticate(ctx.req);
      ctx.body = again.ok && guard.identity(ctx).user.email;
    });
    const outer = new Koa().use(guard).use(async (ctx) => {
      ctx.respond = false;
      await inner.callback()(ctx.req, ctx.res);
    });
    const send = await sendTo(outer);
    expect((await send('/')).body).toBe('guido@example.com');
    expect(reasons).toEqual(['accepted']);
  });

  test.each([
    [{}, '127.0.0.1'],
    [{ proxy: true, maxIpsCount: 1 }, '192.0.2.1'],
  ])('passes on the address according to the settings of the application: %j', async (settings, expected) => {
    const app = new Koa(settings);
    app.use(koaAuth(auth)).use((ctx) => {
      ctx.body = 'ok';
    });
    await (await sendTo(app))('/', { headers: { 'x-forwarded-for': '198.51.100.9, 192.0.2.1' } });
    expect(addresses).toEqual([expected]);
  });

  test('lets a CORS middleware before it respond to a preflight', async () => {
    const app = new Koa();
    app.use(async (ctx, next) => {
      ctx.set('access-control-allow-origin', '*');
      if (ctx.method === 'OPTIONS') ctx.status = 204;
      else await next();
    });
    app.use(koaAuth(auth));
    const send = await sendTo(app);
    expect((await send('/', { signed: false, method: 'OPTIONS' })).status).toBe(204);
    const refused = await send('/', { signed: false });
    expect([refused.status, refused.headers.get('access-control-allow-origin')]).toEqual([401, '*']);
  });

  test('works over HTTP/2', async () => {
    const guard = koaAuth(auth, { require: ['htm', 'target'] });
    const app = new Koa();
    app.use(guard).use((ctx) => {
      ctx.body = guard.identity(ctx).user.email;
    });
    const server = createHttp2Server(app.callback() as never);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const session = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    const request = async (authorization: string) => {
      const stream = session.request({ ':path': '/me?x', authorization });
      const status = new Promise((resolve) => stream.on('response', (all) => resolve(all[':status'])));
      const body = (await stream.setEncoding('utf8').toArray()).join('');
      return [await status, body];
    };
    const authorization = await sign({ htm: 'GET', target: '/me?x' });
    expect(await request(authorization)).toEqual([200, 'guido@example.com']);
    expect(await request(authorization)).toEqual([401, expect.stringContaining('replayed')]);
    session.close();
    await new Promise((resolve) => server.close(resolve));
  });

  test('refuses wrong options by name', () => {
    expect(() => koaAuth(auth, { option: true } as never)).toThrow(/^option option: unknown; did you mean optional/);
    expect(() => koaAuth({} as never)).toThrow(/createAuthenticator/);
  });
});
