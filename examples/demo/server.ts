/** A small API that lets signed requests in. Usage: node server.ts USER=PUBLIC_KEY_FILE… */
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAuthenticator, memoryKeyStore, memoryNonceStore, PublicKey } from 'asymmetric-jwt-auth';
import { nodeAuth } from 'asymmetric-jwt-auth/node';

const keys = memoryKeyStore();
for (const argument of process.argv.slice(2)) {
  const [username = '', file = ''] = argument.split('=');
  keys.addKey(username, PublicKey.from(await readFile(file, 'utf8')));
}

const auth = createAuthenticator({
  keys,
  nonces: memoryNonceStore(),
  // What the caller does not learn, the operator does.
  onResult: ({ reason, username }) => console.log(`${reason}${username === undefined ? '' : ` ${username}`}`),
});
const { authenticate, reject } = nodeAuth(auth);

const server = createServer(async (request, response) => {
  const result = await authenticate(request);
  if (!result.ok) return reject(response, result);
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify({ user: result.username, key: result.key.fingerprint }));
});

server.listen(0, '127.0.0.1', () => {
  console.log(`listening on http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});
