import type { Server } from 'node:http';
import { type HttpBindings, serve } from '@hono/node-server';
import { nodeAuth } from 'asymmetric-jwt-auth/node';
import { Hono } from 'hono';
import { ours } from './ours.ts';

export async function start(how: string, keys: ReadonlyMap<string, string>): Promise<Server> {
  const app = new Hono<{ Bindings: HttpBindings }>();
  if (how === 'ours') {
    const { authenticate } = nodeAuth(ours(keys));
    app.use(async (c, next) => {
      const result = await authenticate(c.env.incoming);
      if (!result.ok) return new Response(result.body, { status: result.status, headers: result.headers });
      return next();
    });
  }
  app.get('/', (c) => c.body(null, 200));
  return new Promise((resolve) => {
    const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, () => resolve(server as Server));
  });
}
