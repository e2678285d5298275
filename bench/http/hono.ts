import type { Server } from 'node:http';
import { serve } from '@hono/node-server';
import { honoAuth } from 'asymmetric-jwt-auth/hono';
import { Hono } from 'hono';
import { ours } from './ours.ts';

export async function start(how: string, keys: ReadonlyMap<string, string>): Promise<Server> {
  const app = new Hono();
  if (how === 'ours') app.use(honoAuth(ours(keys)));
  app.get('/', (c) => c.body(null, 200));
  return new Promise((resolve) => {
    const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, () => resolve(server as Server));
  });
}
