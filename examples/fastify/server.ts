import { fastifyAuth } from 'asymmetric-jwt-auth/fastify';
import fastify from 'fastify';
import { authenticator } from './authenticator.ts';

const auth = fastifyAuth(authenticator);

const app = fastify();
app.register(
  async (scope) => {
    await scope.register(auth);
    scope.get('/me', async (request) => ({ email: auth.identity(request).user.email }));
  },
  { prefix: '/api' },
);

await app.listen({ port: Number(process.env.PORT ?? 3000), host: '127.0.0.1' });
