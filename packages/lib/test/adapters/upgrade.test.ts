/** WebSocket handshakes, and other requests to switch protocols, on `node:http`. */
import { createServer, type IncomingMessage } from 'node:http';
import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { afterFile } from 'ajwt-testkit/after-file';
import { listen } from 'ajwt-testkit/listen';
import { createAuthenticator, memoryKeyStore, memoryNonceStore } from 'asymmetric-jwt-auth';
import { nodeAuth } from 'asymmetric-jwt-auth/node';
import { expect, test } from 'vitest';
import { openRaw } from '../../src/testing/raw-request.ts';
import { makeGuido } from './guido.ts';

const HANDSHAKE = 'Connection: Upgrade\r\nUpgrade: echo\r\n';

/** Starts a server that switches to an echo. */
async function serveEcho(auth: ReturnType<typeof nodeAuth>): Promise<{ url: string; sockets: Duplex[] }> {
  const sockets: Duplex[] = [];
  const server = createServer().on('upgrade', async (request, socket) => {
    sockets.push(socket);
    const result = await auth.authenticateUpgrade(request, socket);
    if (!result.ok) return auth.rejectUpgrade(socket, result);
    socket.write(`HTTP/1.1 101 Switching Protocols\r\n${HANDSHAKE}\r\nhello ${auth.identity(request).username}\n`);
    socket.pipe(socket);
  });
  afterFile(() => server.close());
  return { url: await listen(server), sockets };
}

const handshake = (path: string, authorization?: string) =>
  `GET ${path} HTTP/1.1\r\nHost: a\r\n${HANDSHAKE}${authorization === undefined ? '' : `Authorization: ${authorization}\r\n`}\r\n`;

test('a signed handshake switches protocols once, with the identity of its sender', async () => {
  const { authenticator, sign, reasons, addresses } = await makeGuido();
  const { url } = await serveEcho(nodeAuth(authenticator, { require: ['htm', 'target'] }));
  const authorization = await sign({ htm: 'GET', target: '/events?x' });
  const connection = openRaw(url);
  connection.write(handshake('/events?x', authorization));
  expect(await connection.until('hello guido\n')).toContain('101 Switching Protocols');
  connection.write('a message');
  await connection.until('a message');
  connection.abort();

  const replay = openRaw(url);
  replay.write(handshake('/events?x', authorization));
  expect(await replay.all()).toMatch(/^HTTP\/1\.1 401 Unauthorized\r\n/);
  const elsewhere = openRaw(url);
  elsewhere.write(handshake('/other', await sign({ htm: 'GET', target: '/events?x' })));
  expect(await elsewhere.all()).toContain('binding_mismatch');
  expect(reasons).toEqual(['accepted', 'replayed', 'binding_mismatch']);
  expect(addresses[0]).toBe('127.0.0.1');
});

test('a refusal is a complete response, also if the caller already sends messages, and then closes the connection', async () => {
  const { authenticator } = await makeGuido();
  const { url, sockets } = await serveEcho(nodeAuth(authenticator));
  const connection = openRaw(url);
  connection.write(handshake('/events') + 'x'.repeat(100_000));
  const response = await connection.all();
  const [head = '', body = ''] = response.split('\r\n\r\n');
  expect(head.split('\r\n')).toEqual([
    'HTTP/1.1 401 Unauthorized',
    expect.stringMatching(/^date: \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$/),
    'connection: close',
    `content-length: ${body.length}`,
    'cache-control: no-store',
    'content-type: application/problem+json',
    'www-authenticate: JWT realm="api"',
  ]);
  expect(JSON.parse(body).status).toBe(401);
  expect(sockets[0]?.destroyed).toBe(true);
});

test('a caller that does not close its half of the connection cannot keep a refused one open', async () => {
  const { authenticator } = await makeGuido();
  const { url, sockets } = await serveEcho(nodeAuth(authenticator));
  const { hostname, port } = new URL(url);
  const socket: Socket = connect({ port: Number(port), host: hostname, allowHalfOpen: true });
  socket.write(handshake('/events'));
  await expect.poll(() => sockets[0]?.destroyed).toBe(true);
  socket.destroy();
});

test('if a store fails, the response has the status 503', async () => {
  const keys = { find: () => Promise.reject(new Error('the database is down')) };
  const { url } = await serveEcho(nodeAuth(createAuthenticator({ keys, nonces: memoryNonceStore() })));
  const connection = openRaw(url);
  const { sign } = await makeGuido();
  connection.write(handshake('/events', await sign()));
  const response = await connection.all();
  expect(response).toMatch(/^HTTP\/1\.1 503 Service Unavailable\r\n/);
  expect(response).toContain('\r\nretry-after: 1\r\n');
});

test('a connection that breaks during the decision does not end the process', async () => {
  let decide = () => {};
  const asked = Promise.withResolvers<void>();
  const keys = {
    find: () => {
      asked.resolve();
      return new Promise<undefined>((resolve) => (decide = () => resolve(undefined)));
    },
  };
  const { url, sockets } = await serveEcho(nodeAuth(createAuthenticator({ keys, nonces: memoryNonceStore() })));
  const { sign } = await makeGuido();
  const connection = openRaw(url);
  connection.write(handshake('/events', await sign()));
  await asked.promise;
  // What an aborted connection does, and what Vitest reports as an unhandled error if nobody handles it.
  sockets[0]?.destroy(Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }));
  await connection.all();
  decide();
  await expect.poll(() => sockets[0]?.closed).toBe(true);
});

test('where authentication is optional, a handshake without a credential can be accepted', async () => {
  const auth = nodeAuth(createAuthenticator({ keys: memoryKeyStore(), nonces: memoryNonceStore() }));
  const request = { method: 'GET', url: '/', rawHeaders: [] } as unknown as IncomingMessage;
  const socket = { on: () => {}, once: () => {}, resume: () => {}, end: () => {}, destroy: () => {} };
  expect(await auth.authenticateUpgrade(request, socket)).toMatchObject({ ok: false, reason: 'missing' });
  expect(auth.identityOrUndefined(request)).toBeUndefined();
});
