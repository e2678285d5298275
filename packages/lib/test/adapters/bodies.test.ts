/** The adapters check bodies, and handlers read the same bytes. */
import 'reflect-metadata';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { node } from '@elysiajs/node';
import { createAdaptorServer } from '@hono/node-server';
import { Controller, HttpCode, Module, Post, Req, StreamableFile, UseGuards } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { type ElysiaAuth, elysiaAuth } from 'asymmetric-jwt-auth/elysia';
import { expressAuth } from 'asymmetric-jwt-auth/express';
import { fastifyAuth } from 'asymmetric-jwt-auth/fastify';
import { h3Auth } from 'asymmetric-jwt-auth/h3';
import { type HonoAuth, honoAuth } from 'asymmetric-jwt-auth/hono';
import { koaAuth } from 'asymmetric-jwt-auth/koa';
import { nestAuth } from 'asymmetric-jwt-auth/nest';
import { nodeAuth } from 'asymmetric-jwt-auth/node';
import { type AdapterUser, type BodyFixture, bodyContract } from 'asymmetric-jwt-auth/testing';
import { webAuth } from 'asymmetric-jwt-auth/web';
import { Elysia } from 'elysia';
import express from 'express';
import fastify from 'fastify';
import { H3, toNodeHandler } from 'h3';
import { Hono } from 'hono';
import Koa from 'koa';
import { describe, test } from 'vitest';
import { serve } from './serve.ts';

/** Reads a stream. */
async function bytesOf(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Makes a Request as web platforms do, without a way back to Node's request. */
function toRequest(incoming: IncomingMessage): Request {
  const init = {
    method: 'POST',
    headers: Object.fromEntries(Object.entries(incoming.headers).map(([name, value]) => [name, String(value)])),
    body: Readable.toWeb(incoming) as ReadableStream,
    duplex: 'half',
  };
  return new Request(`http://${incoming.headers.host}${incoming.url}`, init);
}

/** Sends a Response with `node:http`. A handler that throws leads to status 400. */
const toListener =
  (handler: (request: Request) => Promise<Response>) =>
  async (...[incoming, outgoing]: Parameters<import('node:http').RequestListener>) => {
    const response = await handler(toRequest(incoming)).catch(() => new Response(null, { status: 400 }));
    if (!incoming.readableEnded) outgoing.setHeader('connection', 'close');
    outgoing.writeHead(response.status, Object.fromEntries(response.headers));
    outgoing.end(Buffer.from(await response.arrayBuffer()));
  };

const STARTS: Readonly<Record<string, BodyFixture['start']>> = {
  nodeAuth(authenticator, options) {
    const auth = nodeAuth(authenticator, options);
    return serve(
      createServer(async (request, response) => {
        const result = await auth.authenticate(request);
        if (!result.ok) return auth.reject(response, result);
        try {
          const bytes = await bytesOf(request);
          await result.bodyVerified;
          response.end(bytes);
        } catch {
          response.writeHead(400).end();
        }
      }),
    );
  },
  expressAuth(authenticator, options) {
    const auth = expressAuth(authenticator, options);
    const app = express().use('/api', auth, express.raw({ limit: '1mb' }));
    app.post('/api/echo', async (req, res) => {
      await auth.identity(req).bodyVerified;
      res.end(req.body);
    });
    app.use((error: Error & { status?: number }, _req: unknown, res: express.Response, _next: unknown) => {
      res.status(error.status ?? 500).end();
    });
    return serve(createServer(app));
  },
  koaAuth(authenticator, options) {
    const auth = koaAuth(authenticator, options);
    const app = new Koa();
    app.silent = true;
    app.use(auth);
    app.use(async (ctx) => {
      const bytes = await bytesOf(ctx.req);
      await auth.identity(ctx).bodyVerified;
      ctx.body = bytes;
    });
    return serve(createServer(app.callback()));
  },
  async fastifyAuth(authenticator, options) {
    const auth = fastifyAuth(authenticator, options);
    const app = fastify();
    app.addContentTypeParser('application/octet-stream', { parseAs: 'buffer' }, (_request, body, done) =>
      done(null, body),
    );
    app.register(
      async (scope) => {
        scope.register(auth);
        scope.post('/echo', async (request, reply) => {
          await auth.identity(request).bodyVerified;
          return reply.send(request.body ?? '');
        });
      },
      { prefix: '/api' },
    );
    return { url: await app.listen({ host: '127.0.0.1', port: 0 }), close: () => app.close() };
  },
  webAuth(authenticator, options) {
    const auth = webAuth(authenticator, options);
    const handler = auth.protect(async (request, identity) => {
      const bytes = await request.arrayBuffer();
      await identity.bodyVerified;
      return new Response(bytes);
    });
    return serve(createServer(toListener(handler)));
  },
  'honoAuth on Node'(authenticator, options) {
    const app = honoApp(honoAuth(authenticator, options));
    return serve(createAdaptorServer({ fetch: app.fetch }) as Server);
  },
  'honoAuth on other platforms'(authenticator, options) {
    const app = honoApp(honoAuth(authenticator, options));
    return serve(createServer(toListener(async (request) => app.fetch(request))));
  },
  'h3Auth on Node'(authenticator, options) {
    return serve(createServer(toNodeHandler(h3App(h3Auth(authenticator, options)))));
  },
  'h3Auth on other platforms'(authenticator, options) {
    const app = h3App(h3Auth(authenticator, options));
    return serve(createServer(toListener(async (request) => app.fetch(request))));
  },
  'elysiaAuth on other platforms'(authenticator, options) {
    const app = elysiaApp(elysiaAuth(authenticator, options));
    return serve(createServer(toListener(async (request) => app.handle(request))));
  },
  async 'elysiaAuth on Node'(authenticator, options) {
    const app = elysiaApp(elysiaAuth(authenticator, options), node());
    const { promise, resolve } = Promise.withResolvers<{
      raw: { url: string; ready(): Promise<unknown>; close(closeAll: boolean): unknown };
    }>();
    app.listen({ port: 0, hostname: '127.0.0.1' }, (server) => resolve(server as never));
    const { raw } = await promise;
    await raw.ready();
    return { url: new URL(raw.url).origin, close: () => raw.close(true) };
  },
  async 'nestAuth on Express'(authenticator, options) {
    const app = await nestApp(nestAuth(authenticator, options), new ExpressAdapter());
    app.use(expressAuth(authenticator, options), express.raw({ limit: '1mb' }));
    await app.listen(0, '127.0.0.1');
    return { url: urlOf(app.getHttpServer()), close: () => app.close() };
  },
  async 'nestAuth on Fastify'(authenticator, options) {
    const app = (await nestApp(
      nestAuth(authenticator, options),
      new FastifyAdapter(),
    )) as unknown as NestFastifyApplication;
    await app.register(fastifyAuth(authenticator, options) as never);
    app.useBodyParser('application/octet-stream', {});
    await app.listen(0, '127.0.0.1');
    return { url: urlOf(app.getHttpServer()), close: () => app.close() };
  },
};

function honoApp(auth: HonoAuth<AdapterUser>): Hono {
  const app = new Hono().onError((_error, c) => c.body(null, 400));
  app.post('/api/echo', auth, async (c) => {
    const bytes = await c.req.arrayBuffer();
    await auth.identity(c).bodyVerified;
    return c.body(bytes);
  });
  return app;
}

function h3App(auth: ReturnType<typeof h3Auth>): H3 {
  const handler = async (event: import('h3').H3Event) => {
    const bytes = await event.req.arrayBuffer();
    await auth.identity(event).bodyVerified;
    return new Response(bytes);
  };
  return new H3({ silent: true }).post('/api/echo', handler, { middleware: [auth] });
}

function elysiaApp(auth: ElysiaAuth<AdapterUser>, adapter?: ReturnType<typeof node>) {
  return new Elysia(adapter && { adapter })
    .onParse(auth.parse)
    .derive(auth)
    .post(
      '/api/echo',
      async ({ body, auth: { bodyVerified } }) => {
        await bodyVerified;
        return new Response((body ?? null) as BodyInit | null);
      },
      { parse: 'arrayBuffer' },
    );
}

async function nestApp(auth: ReturnType<typeof nestAuth>, adapter: object) {
  class Echo {}
  const handler = async (request: { body?: unknown }) => {
    await auth.identity(request).bodyVerified;
    return new StreamableFile(Buffer.from((request.body as Uint8Array | undefined) ?? []));
  };
  const descriptor = { value: handler, writable: true, configurable: true };
  Object.defineProperty(Echo.prototype, 'echo', descriptor);
  Req()(Echo.prototype, 'echo', 0);
  for (const decorate of [Post('echo'), HttpCode(200), UseGuards(auth)]) decorate(Echo.prototype, 'echo', descriptor);
  Controller('api')(Echo);
  class App {}
  Module({ controllers: [Echo] })(App);
  return NestFactory.create(App, adapter as never, { logger: false, bodyParser: false });
}

const urlOf = (server: Server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

for (const [name, start] of Object.entries(STARTS)) {
  describe(`${name} meets the contract of bodies: it`, () => {
    for (const { name: what, run } of bodyContract({ start })) test(what, run);
  });
}
