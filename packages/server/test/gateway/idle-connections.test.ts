import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { afterEach, expect, test, vi } from 'vitest';
import { closeIdleConnections } from '../../src/gateway/idle-connections.ts';
import { countRequests } from '../../src/gateway/request-count.ts';

const LIMIT = 70_000;
const REQUEST = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';

let server: ReturnType<typeof createServer> | undefined;
afterEach(() => {
  vi.useRealTimers();
  server?.closeAllConnections();
  server?.close();
});

/** Starts a server with timers that the test controls, and connects to it. */
async function start(handler: (request: IncomingMessage, response: ServerResponse) => void) {
  server = createServer({ keepAliveTimeout: 65_000 }, handler);
  closeIdleConnections(server, LIMIT, countRequests(server));
  await new Promise<void>((done) => server?.listen(0, '127.0.0.1', done));
  const accepted = new Promise<{ bytesRead: number; destroyed: boolean }>((done) => server?.once('connection', done));
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  let received = '';
  socket.on('data', (chunk) => {
    received += chunk;
  });
  socket.on('error', () => {});
  const closed = new Promise<void>((done) => socket.on('close', () => done()));
  return { socket, closed, accepted: await accepted, responses: () => received.split('HTTP/1.1 200').length - 1 };
}

async function poll(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

test.each(['\r\n', '\n', '\r\n\r\n'])(
  'an occasional %j after a response does not keep the connection open',
  async (drip) => {
    const { socket, closed, accepted, responses } = await start((_request, response) => response.end());
    socket.write(REQUEST);
    await poll(() => responses() === 1);
    // Node's own timer restarts with every byte, so it never fires here.
    for (let waited = 0; waited < LIMIT; waited += 10_000) {
      expect(accepted.destroyed, `after ${waited} ms`).toBe(false);
      const { bytesRead } = accepted;
      socket.write(drip);
      await poll(() => accepted.bytesRead > bytesRead);
      vi.advanceTimersByTime(10_000);
    }
    await closed;
  },
);

test('each request restarts the idle time', async () => {
  const { socket, accepted, responses } = await start((_request, response) => response.end());
  for (let round = 1; round <= 4; round++) {
    socket.write(REQUEST);
    await poll(() => responses() === round);
    vi.advanceTimersByTime(0.6 * LIMIT);
    expect(accepted.destroyed).toBe(false);
  }
});

test('the idle time starts when the response ends, not when the request arrives', async () => {
  let response: ServerResponse | undefined;
  const { socket, closed, accepted, responses } = await start((_request, itsResponse) => {
    response = itsResponse;
  });
  socket.write(REQUEST);
  await poll(() => response !== undefined);
  vi.advanceTimersByTime(10 * LIMIT);
  expect(accepted.destroyed).toBe(false);
  response?.end();
  await poll(() => responses() === 1);
  vi.advanceTimersByTime(0.9 * LIMIT);
  expect(accepted.destroyed).toBe(false);
  vi.advanceTimersByTime(0.2 * LIMIT);
  await closed;
});

test('a connection without any request is closed too', async () => {
  const { closed } = await start((_request, response) => response.end());
  vi.advanceTimersByTime(LIMIT);
  await closed;
});
