import { createServer, type Server } from 'node:http';
import { node } from '@elysiajs/node';
import { createAdaptorServer } from '@hono/node-server';
import Router from '@koa/router';
import { elysiaAuth } from 'asymmetric-jwt-auth/elysia';
import { expressAuth } from 'asymmetric-jwt-auth/express';
import { fastifyAuth } from 'asymmetric-jwt-auth/fastify';
import { h3Auth } from 'asymmetric-jwt-auth/h3';
import { honoAuth } from 'asymmetric-jwt-auth/hono';
import { koaAuth } from 'asymmetric-jwt-auth/koa';
import { nestAuth } from 'asymmetric-jwt-auth/nest';
import { nodeAuth } from 'asymmetric-jwt-auth/node';
import { Elysia } from 'elysia';
import express5, { type NextFunction, type Request } from 'express';
import express4 from 'express4';
import fastify from 'fastify';
import { H3, toNodeHandler } from 'h3';
import { Hono } from 'hono';
import Koa from 'koa';
import { describe, test } from 'vitest';
import { listenOnNode } from './elysia-app.ts';
import { appOf, NEST, urlOf } from './nest-versions.ts';
import { serve } from './serve.ts';
import { describeTargets, type TargetFixture } from './targets.ts';

const require = ['htm', 'target'] as const;

/** What middleware for method overrides and rewrites does to a request of Node, here behind the adapter. */
function rewrite(request: { method?: string | undefined; url?: string | undefined }): void {
  request.method = 'DELETE';
  request.url = '/any/rewritten';
}

/** Each server has a router in a router, and two adapters, if the framework can rewrite a request between them. */
const STARTS: Readonly<Record<string, TargetFixture['start']>> = {
  nodeAuth(authenticator) {
    const [auth, again] = [nodeAuth(authenticator, { require }), nodeAuth(authenticator, { require })];
    return serve(
      createServer(async (request, response) => {
        const first = await auth.authenticate(request);
        if (!first.ok) return auth.reject(response, first);
        rewrite(request);
        const second = await again.authenticate(request);
        return second.ok ? response.end('ok') : again.reject(response, second);
      }),
    );
  },
  'expressAuth on Express 5': (authenticator) => serve(createServer(expressApp(express5, authenticator))),
  'expressAuth on Express 4': (authenticator) => serve(createServer(expressApp(express4, authenticator))),
  koaAuth(authenticator) {
    const auth = koaAuth(authenticator, { require });
    const inner = new Router({ prefix: '/any' }).all(/.*/, auth, (ctx: Koa.Context, next: Koa.Next) => {
      rewrite(ctx.req);
      return auth(ctx as never, next);
    });
    inner.all(/.*/, (ctx) => {
      ctx.body = 'ok';
    });
    const outer = new Router({ prefix: '/api' }).use(inner.routes());
    return serve(createServer(new Koa().use(outer.routes()).callback()));
  },
  async fastifyAuth(authenticator) {
    const auth = fastifyAuth(authenticator, { require });
    // `rewriteUrl` runs before everything else.
    const app = fastify({
      rewriteUrl: (request) => (request.url ?? '').replace(/^\/api\/any\/.*/s, '/v1/any/rewritten'),
    });
    app.register(
      async (outer) => {
        outer.register(auth);
        outer.register(async (inner) => void inner.all('/*', async () => 'ok'), { prefix: '/any' });
      },
      { prefix: '/v1' },
    );
    return { url: await app.listen({ host: '127.0.0.1', port: 0 }), close: () => app.close() };
  },
  'honoAuth with route()': (authenticator) => {
    const inner = new Hono().use(honoAuth(authenticator, { require })).all('/*', (c) => c.text('ok'));
    const app = new Hono().route('/api', new Hono().route('/any', inner));
    return serve(createAdaptorServer({ fetch: app.fetch }) as Server);
  },
  'honoAuth with mount()': (authenticator) => {
    const inner = new Hono().use(honoAuth(authenticator, { require })).all('/*', (c) => c.text('ok'));
    const app = new Hono().mount('/api', new Hono().mount('/any', inner.fetch).fetch);
    return serve(createAdaptorServer({ fetch: app.fetch }) as Server);
  },
  h3Auth(authenticator) {
    const inner = new H3().use('/**', h3Auth(authenticator, { require })).all('/**', () => 'ok');
    return serve(createServer(toNodeHandler(new H3().mount('/api', new H3().mount('/any', inner)))));
  },
  elysiaAuth(authenticator) {
    const auth = elysiaAuth(authenticator, { require });
    const inner = (group: Elysia<'/api/any'>) => group.derive(auth).all('/*', () => 'ok');
    return listenOnNode(new Elysia({ adapter: node() }).group('/api/any', inner as never));
  },
};

function expressApp(express: typeof express5, authenticator: Parameters<TargetFixture['start']>[0]) {
  const auth = expressAuth(authenticator, { require });
  const rewriting = (request: Request, _response: unknown, next: NextFunction) => {
    rewrite(request);
    next();
  };
  const inner = express.Router().use(auth, rewriting, auth, (_request, response) => void response.end('ok'));
  return express().use('/api', express.Router().use('/any', inner));
}

const UNROUTED: Readonly<Record<string, TargetFixture['unrouted']>> = {
  h3Auth: { 'two slashes are not one': 'h3 does not find a mounted application' },
};

for (const [name, start] of Object.entries(STARTS)) {
  const unrouted = UNROUTED[name];
  describeTargets(name, { start, ...(unrouted && { unrouted }) });
}

describe.each(NEST)('nestAuth, $name:', ({ platform, load, isSkipped }) => {
  if (isSkipped) {
    test.skip('all cases');
    return;
  }
  const version = load();
  const { All, Controller } = version.common;
  describeTargets('it', {
    async start(authenticator) {
      class Routes {}
      const descriptor = { value: () => 'ok', writable: true, configurable: true };
      Object.defineProperty(Routes.prototype, 'any', descriptor);
      All(platform === 'Express' ? 'any/*path' : 'any/*')(Routes.prototype, 'any', descriptor);
      Controller()(Routes);
      const app = await appOf(version, platform, [Routes], nestAuth(authenticator, { require }));
      app.setGlobalPrefix('api');
      return { url: await urlOf(app), close: () => app.close() };
    },
  });
});
