/** Adapters pass on the caller's address, because a key can be restricted to certain addresses. */
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { expect, test } from 'vitest';
import { expressAuth } from '../../src/adapters/express.ts';
import { nodeAuth } from '../../src/adapters/node.ts';
import { webAuth } from '../../src/adapters/web.ts';
import { createAuthorization } from '../../src/client.ts';
import { createAuthenticator, memoryNonceStore, PrivateKey } from '../../src/index.ts';

const key = await PrivateKey.generate('ed25519');
const seen: (string | undefined)[] = [];
const auth = createAuthenticator<string>({
  keys: {
    find: (username) => ({
      username,
      user: username,
      disabled: false,
      keys: [{ key: key.publicKey, state: 'active', allowsAddress: (address) => seen.push(address) > 0 }],
    }),
  },
  nonces: memoryNonceStore(),
});

async function addressIn(listener: RequestListener): Promise<string | undefined> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const authorization = await createAuthorization({ username: 'guido', key });
  const headers = { authorization, 'x-forwarded-for': '192.0.2.1' };
  const { status } = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`, { headers });
  server.close();
  expect(status).toBe(200);
  return seen.pop();
}

test('nodeAuth takes the address of the caller from the connection, and ignores headers', async () => {
  const node = nodeAuth(auth);
  const address = await addressIn(async (request, response) => {
    response.writeHead((await node.authenticate(request)).ok ? 200 : 401).end();
  });
  expect(address).toBe('127.0.0.1');
});

test.each([
  [false, '127.0.0.1'],
  ['loopback', '192.0.2.1'],
])(
  'expressAuth takes the address of the caller from Express, which applies `trust proxy`: %s',
  async (trust, expected) => {
    const app = express().set('trust proxy', trust).use(expressAuth(auth));
    app.get('/', (_request, response) => {
      response.end();
    });
    expect(await addressIn(app)).toBe(expected);
  },
);

test('webAuth passes on no address, because a Request does not contain one', async () => {
  const authorization = await createAuthorization({ username: 'guido', key });
  await webAuth(auth).authenticate(new Request('http://localhost/', { headers: { authorization } }));
  expect(seen.pop()).toBeUndefined();
  expect(seen).toEqual([]);
});
