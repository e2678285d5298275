import { createServer, type Server } from 'node:http';
import { nodeAuth } from 'asymmetric-jwt-auth/node';
import { listening } from './listening.ts';
import { ours } from './ours.ts';

export function start(how: string, keys: ReadonlyMap<string, string>): Promise<Server> {
  if (how === 'plain') return listening(createServer((_request, response) => response.end()));
  const { authenticate, reject } = nodeAuth(ours(keys));
  return listening(
    createServer(async (request, response) => {
      const result = await authenticate(request);
      if (result.ok) response.end();
      else reject(response, result);
    }),
  );
}
