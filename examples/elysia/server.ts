import { node } from '@elysiajs/node';
import { elysiaAuth } from 'asymmetric-jwt-auth/elysia';
import { Elysia } from 'elysia';
import { authenticator } from './authenticator.ts';

const auth = elysiaAuth(authenticator);

new Elysia({ adapter: node() }) // without the adapter on Bun
  .group('/api', (group) => group.derive(auth).get('/me', ({ auth }) => ({ email: auth.user.email })))
  .listen({ port: Number(process.env.PORT ?? 3000), hostname: '127.0.0.1' });
