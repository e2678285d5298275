/** The adapters check bodies, and handlers read the same bytes. */
import { createServer } from 'node:http';
import { expressAuth } from 'asymmetric-jwt-auth/express';
import { fastifyAuth } from 'asymmetric-jwt-auth/fastify';
import { koaAuth } from 'asymmetric-jwt-auth/koa';
import { nodeAuth } from 'asymmetric-jwt-auth/node';
import { type BodyFixture, bodyContract } from 'asymmetric-jwt-auth/testing';
import express from 'express';
import fastify from 'fastify';
import Koa from 'koa';
import { describe, test } from 'vitest';
import { serve } from './serve.ts';

/** Reads a stream. */
async function bytesOf(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

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
};

for (const [name, start] of Object.entries(STARTS)) {
  describe(`${name} meets the contract of bodies: it`, () => {
    for (const { name: what, run } of bodyContract({ start })) test(what, run);
  });
}
