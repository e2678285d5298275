/** A small API that does not check tokens: ajwtd runs in front of it, and names the caller in a header. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

const server = createServer((request, response) => {
  const user = decodeURIComponent(String(request.headers['x-auth-user']));
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify({ hello: user, key: request.headers['x-auth-key'] }));
});

server.listen(0, '127.0.0.1', () => {
  console.log(`listening on http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});
