import { connect as connectHttp2 } from 'node:http2';
import type { Authenticator, Identity } from 'asymmetric-jwt-auth';
import { type FastifyAuthOptions, fastifyAuth } from 'asymmetric-jwt-auth/fastify';
import { nodeAuth } from 'asymmetric-jwt-auth/node';
import type { AdapterFixture, AdapterUser } from 'asymmetric-jwt-auth/testing';
import fastify, { type FastifyInstance, type FastifyRequest } from 'fastify';
import { afterEach, beforeEach, describe, expect, expectTypeOf, test } from 'vitest';
import { bodyOf, describeAdapter, messageOf } from './contract.ts';
import { makeGuido } from './guido.ts';

const start: AdapterFixture['start'] = async (authenticator) => {
  const [auth, optional] = [fastifyAuth(authenticator), fastifyAuth(authenticator, { optional: true })];
  const bound = fastifyAuth(authenticator, { require: ['htm', 'target'] });
  const respond = (of: typeof auth) => async (request: FastifyRequest) =>
    JSON.stringify(bodyOf(of.identityOrUndefined(request)));
  const app = fastify();
  app.register(
    async (api) => {
      api.register(auth);
      api.get('/me', async (request) => bodyOf(auth.identity(request)));
      api.get('/optional', { config: { auth: { optional: true } } }, respond(auth));
      api.get('/bound', { config: { auth: { require: ['htm', 'target'] } } }, respond(auth));
      api.get('/twice', { onRequest: auth.onRequest }, respond(auth));
    },
    { prefix: '/api' },
  );
  app.get('/api/optional-then-bound', { onRequest: [optional.onRequest, bound.onRequest] }, respond(bound));
  app.get('/open', async (request) => JSON.stringify(messageOf(() => auth.identity(request))));
  return { url: await app.listen({ host: '127.0.0.1', port: 0 }), close: () => app.close() };
};

describeAdapter('fastifyAuth', { start });

let auth: Authenticator<AdapterUser>;
let sign: Awaited<ReturnType<typeof makeGuido>>['sign'];
let addresses: (string | undefined)[];
let app: FastifyInstance;

beforeEach(async () => {
  ({ authenticator: auth, sign, addresses } = await makeGuido());
  app = fastify();
});

afterEach(() => app.close());

/** Sends a request through `app.inject`, with a new token unless `authorization` is given. */
async function get(url: string, headers: Record<string, string> = {}) {
  const authorization = headers.authorization ?? (await sign());
  const { statusCode, body } = await app.inject({ url, headers: { ...headers, authorization } });
  return { status: statusCode, body };
}

const statusWithout = async (url: string, method: 'GET' | 'OPTIONS' | 'HEAD' = 'GET') =>
  (await app.inject({ url, method })).statusCode;

describe('fastifyAuth', () => {
  test('protects its scope, the scopes inside and routes declared before it, but no other scope', async () => {
    const guard = fastifyAuth(auth);
    app.get('/open', async () => 'open');
    app.register(
      async (api) => {
        api.get('/before', async (request) => guard.identity(request).user.email);
        api.register(guard);
        api.register(async (inner) => inner.get('/inner', async (request) => guard.identity(request).user.email));
      },
      { prefix: '/api' },
    );
    for (const url of ['/api/before', '/api/inner']) {
      expect(await statusWithout(url)).toBe(401);
      expect(await get(url)).toEqual({ status: 200, body: 'guido@example.com' });
    }
    expect(await statusWithout('/open')).toBe(200);
  });

  test('refuses unknown paths and wrong methods of its scope, and leaves them to Fastify for authenticated callers', async () => {
    app.register(fastifyAuth(auth));
    app.get('/me', async () => 'me');
    expect(await statusWithout('/nowhere')).toBe(401);
    expect((await get('/nowhere')).status).toBe(404);
    expect(await statusWithout('/me', 'HEAD')).toBe(401);
  });

  test('reads config.auth of each route', async () => {
    const guard = fastifyAuth(auth);
    app.register(guard);
    const respond = async (request: FastifyRequest) => guard.identityOrUndefined(request)?.username ?? 'nobody';
    app.get('/off', { config: { auth: false } }, async (request) => messageOf(() => guard.identity(request)));
    app.get('/optional', { config: { auth: { optional: true } } }, respond);
    app.get('/bound', { config: { auth: { require: ['target'] } } }, respond);
    expect(await get('/off')).toMatchObject({
      status: 200,
      body: expect.stringMatching(/do not set its config.auth to/),
    });
    expect((await app.inject('/optional')).body).toBe('nobody');
    expect((await get('/optional')).body).toBe('guido');
    expect((await get('/optional', { authorization: 'JWT x' })).status).toBe(401);
    expect((await get('/bound')).body).toContain('binding_required');
    expect((await get('/bound', { authorization: await sign({ target: '/bound' }) })).body).toBe('guido');
  });

  test('config.auth adds to what the plugin requires, and can make an optional plugin mandatory', async () => {
    app.register(fastifyAuth(auth, { optional: true, require: ['htm'] }));
    app.get('/', { config: { auth: { optional: false, require: ['target'] } } }, async () => 'ok');
    app.get('/default', async () => 'ok');
    expect(await statusWithout('/')).toBe(401);
    expect(await statusWithout('/default')).toBe(200);
    expect((await get('/', { authorization: await sign({ target: '/' }) })).status).toBe(401);
    expect((await get('/', { authorization: await sign({ htm: 'GET', target: '/' }) })).status).toBe(200);
  });

  test.each([
    [
      { optinal: true },
      /^route \/x: config.auth must be false, or an object .*: option optinal: unknown; did you mean/,
    ],
    [{ body: 'streams' }, /^route \/x: .* option body: must be 'buffer' or 'stream'/],
    [true, /^route \/x: .*: options: must be an object/],
    ['optional', /^route \/x: /],
    [null, /^route \/x: /],
  ])(
    'a wrong config.auth (%j) is an error when the route is declared, and closes a route declared before',
    async (wrong, says) => {
      await app.register(fastifyAuth(auth));
      expect(messageOf(() => app.get('/x', { config: { auth: wrong as never } }, async () => 'ok'))).toMatch(says);
      await app.close();

      app = fastify();
      app.get('/x', { config: { auth: wrong as never } }, async () => 'ok');
      app.register(fastifyAuth(auth));
      const { status, body } = await get('/x');
      expect([status, JSON.parse(body).message]).toEqual([500, expect.stringMatching(says)]);
    },
  );

  test('sets request.auth, without a clash if several are registered', async () => {
    const [optional, strict] = [fastifyAuth(auth, { optional: true }), fastifyAuth(auth)];
    app.register(optional);
    app.get('/', async (request) => request.auth);
    app.register(async (scope) => {
      scope.register(strict);
      scope.get('/strict', async (request) => ({ same: request.auth === strict.identity(request) }));
    });
    expect((await app.inject('/')).body).toBe('null');
    expect(JSON.parse((await get('/')).body)).toMatchObject({
      username: 'guido',
      user: { email: 'guido@example.com' },
    });
    expect((await get('/strict')).body).toBe('{"same":true}');
    expect(await statusWithout('/strict')).toBe(401);
  });

  test('types the identity by the users of the key store, and a hook by the route', () => {
    const guard = fastifyAuth(auth);
    app.get('/', { onRequest: guard.onRequest }, async (request) => {
      expectTypeOf(guard.identity(request)).toEqualTypeOf<Identity<AdapterUser>>();
      expectTypeOf(request.auth).toEqualTypeOf<Identity<unknown> | null>();
      return '';
    });
    // @ts-expect-error a string is not a boolean
    app.get('/wrong', { config: { auth: { optional: 'yes' } } }, async () => '');
    // @ts-expect-error the plugin is not a hook
    app.get('/plugin', { onRequest: guard }, async () => '');
  });

  test('says what to do if the plugin is used as a hook, or gets options in register()', async () => {
    const guard = fastifyAuth(auth);
    app.get('/hook', { onRequest: guard as never }, async () => '');
    expect((await get('/hook')).body).toContain('{ onRequest: auth.onRequest }');
    const wrong = fastify();
    await expect(wrong.register(guard, { optional: true })).rejects.toThrow(
      /^register\(auth, \{ optional \}\): .*fastifyAuth\(\)/,
    );
    await wrong.close();
    expect(() => fastifyAuth(auth, { requires: [] } as never)).toThrow(
      /^option requires: unknown; did you mean require/,
    );
    expect(() => fastifyAuth({} as never)).toThrow(/createAuthenticator/);
  });

  test.each([
    [false, '127.0.0.1'],
    [true, '192.0.2.1'],
  ])('passes on the address according to trustProxy: %s', async (trustProxy, expected) => {
    await app.close();
    app = fastify({ trustProxy });
    app.get('/', { onRequest: fastifyAuth(auth).onRequest }, async () => '');
    await get('/', { 'x-forwarded-for': '192.0.2.1' });
    expect(addresses).toEqual([expected]);
  });

  test('compares a binding with the request before rewriteUrl', async () => {
    await app.close();
    app = fastify({ rewriteUrl: () => '/internal' });
    app.get('/internal', { onRequest: fastifyAuth(auth, { require: ['target'] }).onRequest }, async () => 'ok');
    expect((await get('/public?a=b', { authorization: await sign({ target: '/public?a=b' }) })).status).toBe(200);
    expect((await get('/public', { authorization: await sign({ target: '/internal' }) })).body).toContain(
      'binding_mismatch',
    );
  });

  test('authenticates once together with nodeAuth, which sees request.raw', async () => {
    app.register(fastifyAuth(auth));
    app.get('/', async (request) => (await nodeAuth(auth).authenticate(request.raw)).ok);
    expect((await get('/')).body).toBe('true');
    expect(addresses).toHaveLength(1);
  });

  test('leaves errors of handlers to the error handler, which never sees a refusal', async () => {
    app.setErrorHandler((error: Error, _request, reply) => reply.code(418).send(error.message));
    app.register(fastifyAuth(auth));
    app.get('/', async () => Promise.reject(new Error('the handler failed')));
    expect(await get('/')).toEqual({ status: 418, body: 'the handler failed' });
    expect(await statusWithout('/')).toBe(401);
  });

  test('sends a refusal unchanged through a response schema, with the headers of earlier hooks', async () => {
    app.addHook('onRequest', async (_request, reply) => void reply.header('access-control-allow-origin', '*'));
    app.register(fastifyAuth(auth));
    const schema = { response: { '4xx': { type: 'object', properties: { other: { type: 'string' } } } } };
    app.get('/', { schema }, async () => '');
    const { headers, body } = await app.inject('/');
    expect(headers).toMatchObject({
      'access-control-allow-origin': '*',
      'content-type': 'application/problem+json',
      'www-authenticate': 'JWT realm="api"',
      'content-length': String(body.length),
    });
    expect(JSON.parse(body)).toMatchObject({ status: 401, title: 'Unauthorized' });
  });

  test('lets a CORS hook registered before it respond to a preflight', async () => {
    app.addHook('onRequest', async (request, reply) =>
      request.method === 'OPTIONS' ? reply.code(204).send() : undefined,
    );
    app.register(fastifyAuth(auth));
    app.get('/', async () => '');
    expect(await statusWithout('/', 'OPTIONS')).toBe(204);
    expect(await statusWithout('/')).toBe(401);
  });

  test('does not read the body of a refused request', async () => {
    let parsed = 0;
    app.addContentTypeParser('text/plain', { parseAs: 'string' }, (_request, body, done) => {
      parsed += 1;
      done(null, body);
    });
    app.register(fastifyAuth(auth));
    app.post('/', async (request) => request.body);
    const post = { method: 'POST' as const, url: '/', payload: 'x', headers: { 'content-type': 'text/plain' } };
    expect((await app.inject(post)).statusCode).toBe(401);
    expect(parsed).toBe(0);
    const headers = { ...post.headers, authorization: await sign() };
    expect((await app.inject({ ...post, headers })).body).toBe('x');
  });

  test('works over HTTP/2', async () => {
    const options: FastifyAuthOptions = { require: ['htm', 'target'] };
    const guard = fastifyAuth(auth, options);
    const http2 = fastify({ http2: true });
    http2.get('/api/me', { onRequest: guard.onRequest }, async (request) => guard.identity(request).user.email);
    const session = connectHttp2(await http2.listen({ host: '127.0.0.1', port: 0 }));
    const request = async (headers: Record<string, string>) => {
      const stream = session.request({ ':path': '/api/me?x', ...headers });
      const status = new Promise((resolve) => stream.on('response', (all) => resolve(all[':status'])));
      const body = (await stream.setEncoding('utf8').toArray()).join('');
      return [await status, body];
    };
    try {
      const authorization = await sign({ htm: 'GET', target: '/api/me?x' });
      expect(await request({ authorization })).toEqual([200, 'guido@example.com']);
      expect(await request({ authorization })).toEqual([401, expect.stringContaining('replayed')]);
    } finally {
      session.close();
      await http2.close();
    }
    expect(addresses).toEqual(['127.0.0.1', '127.0.0.1']);
  });
});
