import { createServer, type Server } from 'node:http';
import { expressAuth } from 'asymmetric-jwt-auth/express';
import express, { type RequestHandler } from 'express';
import { Redis } from 'ioredis';
import { jwtVerify } from 'jose';
import jsonwebtoken from 'jsonwebtoken';
import { isFresh, keyObjects, nonceMap, type Payload, type TakeNonce, tokenOf, unverifiedUsername } from './by-hand.ts';
import { listening } from './listening.ts';
import { ours } from './ours.ts';

type Verify = (token: string) => Payload | Promise<Payload>;

export function start(how: string, keys: ReadonlyMap<string, string>): Promise<Server> {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  const middleware = middlewares[how];
  if (middleware === undefined) throw new Error(`there is no express/${how}`);
  const used = middleware(keys);
  if (used !== undefined) app.use(used);
  app.get('/', (_request, response) => void response.end());
  return listening(createServer(app));
}

const middlewares: Record<string, (keys: ReadonlyMap<string, string>) => RequestHandler | undefined> = {
  plain: () => undefined,
  ours: (keys) => expressAuth(ours(keys)),
  'jose + Map': (keys) => byHand(withJose(keys), nonceMap()),
  'jose + ioredis': (keys) => byHand(withJose(keys), nonceInRedis()),
  'jsonwebtoken + Map': (keys) => byHand(withJsonwebtoken(keys), nonceMap()),
};

function byHand(verify: Verify, take: TakeNonce): RequestHandler {
  return async (request, response, next) => {
    try {
      const token = tokenOf(request.headers.authorization);
      if (token !== undefined && (await isFresh(await verify(token), take))) next();
      else response.status(401).end();
    } catch {
      response.status(401).end();
    }
  };
}

function withJose(keys: ReadonlyMap<string, string>): Verify {
  const objects = keyObjects(keys);
  return async (token) => {
    const key = objects.get(unverifiedUsername(token));
    if (key === undefined) throw new Error('unknown user');
    return (await jwtVerify(token, key)).payload as unknown as Payload;
  };
}

function withJsonwebtoken(keys: ReadonlyMap<string, string>): Verify {
  const objects = keyObjects(keys);
  return (token) => {
    const key = objects.get(unverifiedUsername(token));
    if (key === undefined) throw new Error('unknown user');
    return jsonwebtoken.verify(token, key) as unknown as Payload;
  };
}

function nonceInRedis(): TakeNonce {
  const redis = new Redis(Number(process.env.REDIS_PORT), '127.0.0.1', { enableAutoPipelining: true });
  return async (id) => (await redis.set(`nonce:${id}`, '', 'EX', 40, 'NX')) === 'OK';
}
