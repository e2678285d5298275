import { serve } from '@hono/node-server';
import { honoAuth } from 'asymmetric-jwt-auth/hono';
import { Hono } from 'hono';
import { authenticator } from './authenticator.ts';

const auth = honoAuth(authenticator);

const app = new Hono();
app.use('/api/*', auth);
app.get('/api/me', (c) => c.json({ email: auth.identity(c).user.email }));

serve({ fetch: app.fetch, port: Number(process.env.PORT ?? 3000), hostname: '127.0.0.1' });
