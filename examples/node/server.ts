import { createServer } from 'node:http';
import { nodeAuth } from 'asymmetric-jwt-auth/node';
import { authenticator } from './authenticator.ts';

const auth = nodeAuth(authenticator);

const server = createServer(async (request, response) => {
  const result = await auth.authenticate(request);
  if (!result.ok) return auth.reject(response, result);
  if (request.url !== '/api/me') {
    response.statusCode = 404;
    return response.end();
  }
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify({ email: result.user.email }));
});

server.listen(Number(process.env.PORT ?? 3000), '127.0.0.1');
