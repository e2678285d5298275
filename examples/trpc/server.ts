import { createServer } from 'node:http';
import { createHTTPHandler } from '@trpc/server/adapters/standalone';
import { appRouter, auth, createContext } from './router.ts';

const trpc = createHTTPHandler({ router: appRouter, createContext, basePath: '/trpc/' });

const server = createServer(async (request, response) => {
  const result = await auth.authenticate(request);
  if (result.ok) trpc(request, response);
  else auth.reject(response, result);
});

server.listen(Number(process.env.PORT ?? 3000), '127.0.0.1');
