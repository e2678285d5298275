/** Tests that a response of ajwtd or the application always arrives, even if it comes before the end of the request body. */
import { spawn } from 'node:child_process';
import type { KeyObject } from 'node:crypto';
import { once } from 'node:events';
import { truncateSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { type Ajwtd, ajwt, scratch, serve } from 'ajwt-testkit/ajwtd';
import { Connection, exchange, request } from 'ajwt-testkit/connection';
import { databaseWith, token } from 'ajwt-testkit/directory';
import { expectAnswer } from 'ajwt-testkit/refusal';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const file = scratch();
const MB = 1024 * 1024;
const PIECE = Buffer.alloc(64 * 1024, 'x');

/** Handles a connection to the application once the head of a request has arrived. */
type Behaviour = (socket: Socket) => void;

let alice: KeyObject;
let application: Server;
let behave: Behaviour = () => {};
let server: Ajwtd;
beforeAll(async () => {
  alice = (await databaseWith(file('early.db'), ['alice'])).get('alice') as KeyObject;
  application = createServer((socket) => {
    socket.setNoDelay().on('error', () => {});
    socket.once('data', () => behave(socket));
  });
  await new Promise<void>((done) => application.listen(0, '127.0.0.1', done));
  const upstream = `http://127.0.0.1:${(application.address() as AddressInfo).port}`;
  server = await serve({ database: file('early.db'), args: ['--upstream', upstream] });
});
afterAll(async () => {
  application.close();
  expect(await server.stop()).toEqual({ code: 0, signal: null });
});

const signed = () => `Authorization: JWT ${token('alice', alice)}`;

/** Sends chunks until the server stops reading or closes the connection; resolves when the connection is closed. */
async function sendForever({ socket, closed }: Connection): Promise<void> {
  let isClosed = false;
  closed.then(() => {
    isClosed = true;
  });
  const chunk = Buffer.concat([Buffer.from(`${PIECE.length.toString(16)}\r\n`), PIECE, Buffer.from('\r\n')]);
  while (!isClosed && socket.writable) {
    if (!socket.write(chunk)) await Promise.race([once(socket, 'drain').catch(() => {}), closed]);
  }
}

const CHUNKED = 'Transfer-Encoding: chunked';
const REFUSED: Readonly<Record<string, readonly string[]>> = {
  'without a token': [],
  'with garbage instead of a token': ['Authorization: JWT a.b.c'],
};

describe.each(Object.entries(REFUSED))('an upload %s', (_what, lines) => {
  test.each(['/v1', '/.ajwt/auth', '/.ajwt/whoami', '/.ajwt/none'])(
    'to %s is refused: the client can continue to send and receives the reason, because the server closes only its half of the connection',
    async (target) => {
      const connection = await Connection.open(server.port);
      connection.socket.allowHalfOpen = true;
      let code: string | undefined;
      connection.socket.on('error', (error: NodeJS.ErrnoException) => {
        code = error.code;
      });
      connection.write(request(target, [...lines, CHUNKED], 'POST'));
      const sending = sendForever(connection);
      const answer = await connection.answer();
      expect([401, 404, 405]).toContain(answer.status);
      expect(answer.header('connection')).toBe('close');
      await connection.rest();
      // The server has closed its half of the connection, and ignores all further bytes.
      const { bytesWritten } = connection.socket;
      await expect.poll(() => connection.socket.bytesWritten).toBeGreaterThan(bytesWritten + MB);
      expect(code).toBe(undefined);
      connection.socket.end();
      await sending;
    },
  );
});

test('a request that follows a refused upload on the same connection is not read', async () => {
  const connection = await Connection.open(server.port);
  connection.socket.allowHalfOpen = true;
  connection.write(request('/.ajwt/auth', ['Content-Length: 100000'], 'POST'));
  expectAnswer(await connection.answer(), 'missing');
  const credential = signed();
  connection.write(Buffer.alloc(100_000));
  connection.write(request('/.ajwt/auth', [credential]));
  connection.socket.end();
  expect((await connection.rest()).toString()).toBe('');
  await connection.closed;
  expect((await exchange(server.port, request('/.ajwt/auth', [credential]))).status, 'the token is unused').toBe(200);
});

test('the connection of a refused upload that stalls is closed after a few seconds', async () => {
  const connection = await Connection.open(server.port);
  connection.socket.allowHalfOpen = true;
  connection.write(request('/v1', ['Content-Length: 1000000'], 'POST', 'begun'));
  expectAnswer(await connection.answer(), 'missing');
  const begun = performance.now();
  await connection.rest();
  // The client notices that the connection is closed only when it writes.
  const probe = setInterval(() => connection.socket.writable && connection.write('x'), 6000);
  await connection.closed;
  clearInterval(probe);
  expect(performance.now() - begun).toBeLessThan(20_000);
});

test('a client that continues to send headers beyond the limit receives the 431', async () => {
  const connection = await Connection.open(server.port);
  const line = Buffer.from(`X-Pad: ${'p'.repeat(8000)}\r\n`);
  connection.write('GET /v1 HTTP/1.1\r\nHost: x\r\n');
  const flood = (async () => {
    for (let sent = 0; sent < 8 * MB && connection.socket.writable; sent += line.length) {
      if (!connection.socket.write(line)) await Promise.race([once(connection.socket, 'drain'), connection.closed]);
    }
  })().catch(() => {});
  expect((await connection.answer()).status).toBe(431);
  connection.socket.end();
  await flood;
});

describe('if an upload of 60 MB is refused', () => {
  const size = 60_000_000;
  beforeAll(async () => {
    writeFileSync(file('form'), '');
    truncateSync(file('form'), size);
    await ajwt(['keygen', '--out', file('nobody')]);
  });

  test('ajwt fetch always shows the reason', async () => {
    const words = ['fetch', '--user', 'alice', '--key', file('nobody'), '-F', `f=@${file('form')}`, `${server.url}/v1`];
    for (let round = 0; round < 4; round++) {
      const { stdout, stderr } = await ajwt(words);
      expect(stdout + stderr).toContain('invalid_token');
    }
  });

  test('curl always shows the reason', async () => {
    for (let round = 0; round < 4; round++) {
      const words = ['-sS', '-H', 'Expect:', '-H', 'Authorization: JWT a.b.c', '-F', `f=@${file('form')}`];
      const child = spawn('curl', [...words, `${server.url}/v1`], { stdio: ['ignore', 'pipe', 'inherit'] });
      let received = '';
      child.stdout.on('data', (chunk) => {
        received += chunk;
      });
      const [code] = await once(child, 'close');
      expect([code, received]).toEqual([0, expect.stringContaining('invalid_token')]);
    }
  });
});

describe('if an application responds before it has read the body', () => {
  const RESPONSE = 'HTTP/1.1 413 Content Too Large\r\nContent-Length: 9\r\nX-Limit: 1\r\n';
  const BEHAVIOURS: Readonly<Record<string, Behaviour>> = {
    'and closes the connection with unread bytes, which resets it': (socket) => {
      socket.pause();
      socket.write(`${RESPONSE}Connection: close\r\n\r\ntoo large`, () => socket.destroy());
    },
    'and closes its half of the connection': (socket) => {
      socket.end(`${RESPONSE}Connection: close\r\n\r\ntoo large`);
      socket.resume();
    },
    'and keeps the connection, but stops reading': (socket) => {
      socket.pause();
      socket.write(`${RESPONSE}\r\ntoo large`);
    },
    'and reads the rest of the body': (socket) => {
      socket.write(`${RESPONSE}\r\ntoo large`);
      socket.resume();
    },
    'in two parts, and closes the connection': (socket) => {
      socket.pause();
      socket.write(RESPONSE);
      socket.write('Connection: close\r\n\r\ntoo large', () => socket.destroy());
    },
  };

  test.each(Object.entries(BEHAVIOURS))('%s, its response always arrives', async (_what, behaviour) => {
    behave = behaviour;
    for (let round = 0; round < 12; round++) {
      const connection = await Connection.open(server.port);
      const framing = round % 2 === 0 ? CHUNKED : `Content-Length: ${100 * MB}`;
      connection.write(request('/v1', [signed(), framing], 'POST'));
      const sending = sendForever(connection);
      const answer = await connection.answer();
      expect([answer.status, answer.header('x-limit'), answer.text]).toEqual([413, '1', 'too large']);
      expect(answer.header('connection')).toBe('close');
      connection.socket.end();
      await sending;
    }
    expect(server.log.filter(({ msg }) => msg === 'no valid response from the application')).toEqual([]);
  });

  test('and completes it after it has read the body, both arrive completely', async () => {
    let received = 0;
    behave = (socket) => {
      socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nbegun\r\n');
      socket.on('data', (chunk: Buffer) => {
        received += chunk.length;
        if (chunk.includes('0\r\n\r\n')) socket.write(`4\r\ndone\r\n0\r\n\r\n`);
      });
    };
    const connection = await Connection.open(server.port);
    connection.write(request('/v1', [signed(), CHUNKED], 'POST', '5\r\nfirst\r\n'));
    const head = once(connection.socket, 'data');
    await head;
    for (let piece = 0; piece < 16; piece++) {
      connection.write(`${PIECE.length.toString(16)}\r\n`);
      connection.write(PIECE);
      connection.write('\r\n');
    }
    connection.write('0\r\n\r\n');
    expect((await connection.answer()).text).toBe('begundone');
    expect(received).toBeGreaterThan(MB);
    connection.destroy();
  });
});
