import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Writable } from 'node:stream';
import pino from 'pino';
import { afterEach, describe, expect, test } from 'vitest';
import { guarded } from '../../src/gateway/guarded.ts';

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

/** Starts a server with a handler. @returns its URL and its log lines */
async function listen(handle: (request: IncomingMessage, response: ServerResponse) => Promise<void> | void) {
  const lines: Record<string, unknown>[] = [];
  const log = pino(new Writable({ write: (line, _encoding, done) => done(void lines.push(JSON.parse(String(line)))) }));
  server = createServer(guarded(handle, log, { 'x-frame-options': 'DENY' }));
  await new Promise<void>((done) => server?.listen(0, '127.0.0.1', done));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, lines };
}

const HANDLERS = {
  throws: () => {
    throw new TypeError('dest[field].push is not a function');
  },
  rejects: async () => {
    await null;
    throw new TypeError('dest[field].push is not a function');
  },
  'throws after setting a header': (_request: IncomingMessage, response: ServerResponse) => {
    response.setHeader('content-encoding', 'gzip').setHeader('x-auth-user', 'guido');
    throw new TypeError('dest[field].push is not a function');
  },
};

describe.each(Object.entries(HANDLERS))('a handler that %s', (_what, handle) => {
  test('responds with 503, and does not affect other requests', async () => {
    let requests = 0;
    const { url, lines } = await listen((request, response) => {
      requests += 1;
      if (requests <= 2) return handle(request, response);
      response.end('served');
    });
    for (let count = 0; count < 2; count++) {
      const response = await fetch(url, { method: 'POST', body: 'x'.repeat(1000) });
      expect(response.status).toBe(503);
      expect(Object.fromEntries(response.headers)).toMatchObject({
        'retry-after': '1',
        'cache-control': 'no-store',
        'content-type': 'application/problem+json',
        'x-frame-options': 'DENY',
      });
      expect(response.headers.has('x-auth-user')).toBe(false);
      expect(await response.json()).toMatchObject({ status: 503, title: 'Service Unavailable' });
    }
    expect(await (await fetch(url)).text()).toBe('served');
    expect(lines, 'one line for each cause').toMatchObject([
      { level: 50, cause: 'dest[field].push is not a function', stack: expect.stringContaining('guarded.test.ts') },
    ]);
  });
});

test('if a handler fails during its response, the connection is closed, so that the response is visibly incomplete', async () => {
  const { url, lines } = await listen(async (_request, response) => {
    response.writeHead(200, { 'content-length': 100 });
    await new Promise<void>((written) => response.write('begun', () => written()));
    throw new Error('no more');
  });
  await expect(fetch(url).then((response) => response.text())).rejects.toThrow();
  await expect.poll(() => lines).toMatchObject([{ cause: 'no more' }]);
});

test('a handler can throw a value that is not an error; it is logged too', async () => {
  const { url, lines } = await listen(() => Promise.reject('a string'));
  expect((await fetch(url)).status).toBe(503);
  expect(lines).toMatchObject([{ cause: 'a string' }]);
});
