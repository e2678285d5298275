import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { afterEach, expect, test, vi } from 'vitest';
import { cutIdleBody, endUnreadBody } from '../../src/gateway/unfinished-body.ts';

const servers: ReturnType<typeof createServer>[] = [];
afterEach(() => {
  vi.useRealTimers();
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

async function listen(handler: (request: IncomingMessage, response: ServerResponse) => void) {
  const server = createServer(handler);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  let received = '';
  socket.on('data', (chunk) => {
    received += chunk;
  });
  socket.on('error', () => {});
  const closed = new Promise<void>((resolve) => socket.on('close', () => resolve()));
  return { socket, closed, received: () => received };
}

const HEAD = 'PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n';

test('the connection of a stalled body is closed', async () => {
  const { socket, closed } = await listen((request) => {
    cutIdleBody(request, 60);
    request.resume();
  });
  socket.write(`${HEAD}abc`);
  await closed;
});

test('the connection of a slow body or a slow reader stays open', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  const idle = 120;
  const requests: IncomingMessage[] = [];
  const { socket, received } = await listen((request, response) => {
    cutIdleBody(request, idle);
    request.on('end', () => response.end('the whole body'));
    requests.push(request);
  });
  const part = 'x'.repeat(100);
  socket.write(`${HEAD}${part}`);
  await expect.poll(() => requests[0]?.readableLength).toBe(part.length);
  const request = requests[0] as IncomingMessage;
  vi.advanceTimersByTime(10 * idle);
  expect(request.socket.destroyed, 'while the received bytes are not read').toBe(false);

  request.resume();
  await expect.poll(() => request.readableLength).toBe(0);
  for (let sent = part.length; sent < 1000; sent += part.length) {
    const { bytesRead } = request.socket;
    socket.write(part);
    await expect.poll(() => request.socket.bytesRead, { interval: 2 }).toBe(bytesRead + part.length);
    vi.advanceTimersByTime(idle);
    expect(request.socket.destroyed, `after ${sent} bytes`).toBe(false);
  }
  await expect.poll(received).toContain('the whole body');
});

test('a response before the end of the body arrives, and is the last on its connection', async () => {
  const { socket, received } = await listen((request, response) => {
    endUnreadBody(request, response);
    response.end('no');
  });
  socket.write(`${HEAD}abc`);
  await expect.poll(received).toContain('no');
  expect(received().toLowerCase()).toContain('connection: close');
});

test('the connection of a request without a body stays open', async () => {
  const { socket, received } = await listen((request, response) => {
    endUnreadBody(request, response);
    response.end('yes');
  });
  for (let count = 1; count <= 2; count++) {
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    await expect.poll(() => received().split('yes').length - 1).toBe(count);
  }
  expect(received().toLowerCase()).toContain('connection: keep-alive');
});
