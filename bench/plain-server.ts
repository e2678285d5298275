/** A minimal server on `node:http`, for comparison with forward-auth. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

const server = createServer((_request, response) => {
  response.writeHead(200, {
    'X-Auth-User': 'user',
    'X-Auth-Key': 'SHA256:x',
    'cache-control': 'no-store',
    'content-length': 0,
  });
  response.end();
});
server.listen(0, '127.0.0.1', () => {
  console.log(`listening on http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});
