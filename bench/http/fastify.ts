import type { Server } from 'node:http';
import fastifyJwt from '@fastify/jwt';
import { nodeAuth } from 'asymmetric-jwt-auth/node';
import { createVerifier } from 'fast-jwt';
import fastify, { type FastifyInstance, type FastifyRequest } from 'fastify';
import { isFresh, nonceMap, type Payload, tokenOf, unverifiedUsername } from './by-hand.ts';
import { ours } from './ours.ts';

export async function start(how: string, keys: ReadonlyMap<string, string>): Promise<Server> {
  const app = fastify();
  const add = hooks[how];
  if (add === undefined) throw new Error(`there is no fastify/${how}`);
  await add(app, keys);
  app.get('/', (_request, reply) => reply.send());
  await app.listen({ port: 0, host: '127.0.0.1' });
  return app.server;
}

const hooks: Record<string, (app: FastifyInstance, keys: ReadonlyMap<string, string>) => void | Promise<void>> = {
  plain: () => undefined,

  ours(app, keys) {
    const { authenticate } = nodeAuth(ours(keys));
    app.addHook('onRequest', async (request, reply) => {
      const result = await authenticate(request.raw);
      if (!result.ok) return reply.code(result.status).headers(result.headers).send(result.body);
    });
  },

  'fast-jwt + Map'(app, keys) {
    const verifiers = new Map([...keys].map(([name, key]) => [name, createVerifier({ key, cache: false })]));
    const take = nonceMap();
    app.addHook('onRequest', async (request, reply) => {
      const token = tokenOf(request.headers.authorization);
      const payload = token === undefined ? undefined : verifiers.get(unverifiedUsername(token))?.(token);
      if (payload === undefined || !(await isFresh(payload, take))) return reply.code(401).send();
    });
  },

  async '@fastify/jwt + Map'(app, keys) {
    const take = nonceMap();
    await app.register(fastifyJwt, {
      secret: {
        private: '',
        public: async (_request: unknown, token: { payload: Payload }) => keys.get(token.payload.username) ?? '',
      },
      decode: { complete: true },
      verify: { extractToken: (request: FastifyRequest) => tokenOf(request.headers.authorization) ?? '', cache: false },
    } as never);
    app.addHook('onRequest', async (request, reply) => {
      const payload = await request.jwtVerify<Payload>();
      if (!(await isFresh(payload, take))) return reply.code(401).send();
    });
  },
};
