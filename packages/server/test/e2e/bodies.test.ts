/** The reverse proxy streams bodies unchanged; if one side closes its connection, the other side is closed too. */
import { createHash, type KeyObject, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Ajwtd, scratch, serve } from 'ajwt-testkit/ajwtd';
import { Connection, exchange, request } from 'ajwt-testkit/connection';
import { databaseWith, token } from 'ajwt-testkit/directory';
import { expectAnswer } from 'ajwt-testkit/refusal';
import { type BareUpstream, startBareUpstream, startUpstream, type Upstream } from 'ajwt-testkit/upstream';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';

const MB = 1024 * 1024;
const LARGE = 100;
/** A megabyte of incompressible data. */
const PIECE = randomBytes(MB);
const digestOf = (pieces: number) => {
  const hash = createHash('sha256');
  for (let piece = 0; piece < pieces; piece++) hash.update(PIECE);
  return hash.digest('hex');
};

const database = scratch()('bodies.db');
let alice: KeyObject;
let upstream: Upstream;
let server: Ajwtd;
beforeAll(async () => {
  alice = (await databaseWith(database, ['alice'])).get('alice') as KeyObject;
  upstream = await startUpstream();
  server = await serve({ database, args: ['--upstream', upstream.url] });
});
afterAll(async () => {
  expect(await server.stop()).toEqual({ code: 0, signal: null });
});
afterEach(() => {
  upstream.handle = undefined;
  upstream.seen.length = 0;
});

const signed = () => `Authorization: JWT ${token('alice', alice)}`;
const last = () => upstream.seen.at(-1) as Upstream['seen'][number];

/** Returns the peak memory of a process, in megabytes. */
function peakMemory({ pid }: Ajwtd): number {
  return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
}

/** Writes pieces as fast as the server reads them. */
async function writePieces(connection: Connection, pieces: number, frame = (piece: Buffer) => [piece]): Promise<void> {
  for (let piece = 0; piece < pieces; piece++) {
    for (const part of frame(PIECE)) {
      if (!connection.socket.write(part)) await once(connection.socket, 'drain');
    }
  }
}

describe('a large body', () => {
  test.each(['with a length', 'in chunks'])(
    `an upload of ${LARGE} MB, %s, arrives unchanged and is not buffered`,
    async (how) => {
      const hash = createHash('sha256');
      upstream.handle = (incoming, response) => {
        incoming.on('data', (chunk) => hash.update(chunk)).on('end', () => response.end(hash.digest('hex')));
      };
      const before = peakMemory(server);
      const connection = await Connection.open(server.port);
      const inChunks = how === 'in chunks';
      const framing = inChunks ? 'Transfer-Encoding: chunked' : `Content-Length: ${LARGE * MB}`;
      connection.write(request('/up', [signed(), framing], 'POST'));
      await writePieces(connection, LARGE, (piece) =>
        inChunks ? [Buffer.from(`${MB.toString(16)}\r\n`), piece, Buffer.from('\r\n')] : [piece],
      );
      if (inChunks) connection.write('0\r\n\r\n');
      expect((await connection.answer()).text).toBe(digestOf(LARGE));
      connection.destroy();
      expect(peakMemory(server) - before).toBeLessThan(LARGE * 0.8);
    },
  );

  test(`a download of ${LARGE} MB arrives unchanged and is not buffered for a slow client`, async () => {
    let sent = 0;
    upstream.handle = async (_incoming, response) => {
      response.writeHead(200, { 'content-length': LARGE * MB });
      for (; sent < LARGE; sent++) if (!response.write(PIECE)) await once(response, 'drain');
      response.end();
    };
    const before = peakMemory(server);
    const connection = await Connection.open(server.port);
    connection.socket.pause();
    connection.write(request('/down', [signed()]));
    // While the client does not read, the application has to wait; other requests are accepted meanwhile.
    for (let other = 0; other < 20; other++) await exchange(server.port, request('/.ajwt/auth', [signed()]));
    expect(sent).toBeLessThan(LARGE);
    connection.socket.resume();
    const { body } = await connection.answer();
    expect(createHash('sha256').update(body).digest('hex')).toBe(digestOf(LARGE));
    connection.destroy();
    expect(peakMemory(server) - before).toBeLessThan(LARGE * 0.8);
  });
});

describe('the application receives a request with any method', () => {
  test.each(['GET', 'DELETE', 'POST', 'PUT', 'PATCH', 'OPTIONS', 'QUERY'])(
    '%s, with a chunked body',
    async (method) => {
      const body = '3;ext=1\r\n{"a\r\n4\r\n":1}\r\n0\r\nX-Trailer: 1\r\n\r\n';
      const answer = await exchange(
        server.port,
        request('/v1', [signed(), 'Transfer-Encoding: chunked'], method, body),
      );
      expect(answer.text).toBe('hello');
      expect(last().method).toBe(method);
      expect(last().body.toString()).toBe('{"a":1}');
      expect(upstream.seen).toHaveLength(1);
    },
  );

  test.each(['GET', 'DELETE', 'POST', 'OPTIONS'])('%s, with a Content-Length', async (method) => {
    await exchange(server.port, request('/v1', [signed(), 'Content-Length: 3'], method, 'a\0b'));
    expect(last().body.toString()).toBe('a\0b');
    expect(last().headers['content-length']).toBe('3');
  });

  test.each(['GET', 'HEAD', 'DELETE', 'POST', 'PUT'])('%s, without a body', async (method) => {
    const answer = await exchange(server.port, request('/v1', [signed()], method), method);
    expect(answer.status).toBe(200);
    expect(last().method).toBe(method);
    expect(last().body).toHaveLength(0);
    expect(upstream.seen).toHaveLength(1);
  });
});

describe('the connection stays usable after a response without a body', () => {
  test.each([
    ['HEAD', 200],
    ['GET', 204],
    ['GET', 304],
    ['POST', 205],
  ] as const)('to %s with status %i', async (method, status) => {
    upstream.handle = (_incoming, response) => {
      response.writeHead(status, method === 'HEAD' ? { 'content-length': 5, etag: '"1"' } : { etag: '"1"' }).end();
    };
    const connection = await Connection.open(server.port);
    for (let round = 0; round < 2; round++) {
      connection.write(request('/v1', [signed()], method));
      const answer = await connection.answer(method);
      expect([answer.status, answer.header('etag'), answer.body.length]).toEqual([status, '"1"', 0]);
      if (method === 'HEAD') expect(answer.header('content-length')).toBe('5');
    }
    connection.destroy();
  });
});

describe('Expect: 100-continue', () => {
  const lines = ['Expect: 100-continue', 'Content-Length: 5'];

  test('ajwtd requests the body after it has accepted the token', async () => {
    const connection = await Connection.open(server.port);
    connection.write(request('/v1', [...lines, signed()], 'POST'));
    expect((await connection.answer()).status).toBe(100);
    connection.write('a b c');
    expect((await connection.answer()).text).toBe('hello');
    expect(last().body.toString()).toBe('a b c');
    expect(last().headers.expect).toBeUndefined();
    connection.destroy();
  });

  test.each(['/v1', '/.ajwt/auth', '/.ajwt/whoami'])(
    'ajwtd does not request the body of a refused request to %s',
    async (target) => {
      const connection = await Connection.open(server.port);
      connection.write(request(target, lines, target.endsWith('whoami') ? 'GET' : 'POST'));
      expectAnswer(await connection.answer(), 'missing');
      await connection.closed;
      expect(upstream.seen).toEqual([]);
    },
  );

  test('ajwtd responds to a forward-auth request without requesting the body', async () => {
    const connection = await Connection.open(server.port);
    connection.write(request('/.ajwt/auth', [...lines, signed()], 'POST'));
    expect((await connection.answer()).status).toBe(200);
    await connection.closed;
  });
});

describe('if the application', () => {
  test('is down, the client gets a 502, and the token is used', async () => {
    const gone = await serve({ database, args: ['--upstream', 'http://127.0.0.1:1'] });
    const credential = signed();
    const answer = await exchange(gone.port, request('/v1', [credential, 'Content-Length: 2'], 'POST', '{}'));
    expect(answer.status).toBe(502);
    expect(answer.header('content-type')).toBe('application/problem+json');
    expect(answer.header('cache-control')).toBe('no-store');
    expect(JSON.parse(answer.text)).toMatchObject({ type: 'about:blank', title: 'Bad Gateway', status: 502 });
    expect(answer.text).not.toMatch(/ECONNREFUSED|127\.0\.0\.1/);
    await gone.logged((line) => line.cause === 'ECONNREFUSED');
    expectAnswer(await exchange(gone.port, request('/v1', [credential])), 'replayed');
    await gone.stop();
  });

  test('closes the connection before it responds, the client gets a 502', async () => {
    upstream.handle = (incoming) => incoming.socket.destroy();
    expect((await exchange(server.port, request('/v1', [signed()]))).status).toBe(502);
  });

  test.each(['Content-Length: 100', 'Transfer-Encoding: chunked'])(
    'closes the connection in the middle of a body with %s, the client sees that the body is incomplete',
    async (framing) => {
      upstream.handle = (_incoming, response) => {
        const [name = '', value = ''] = framing.split(': ');
        response.writeHead(200, { [name]: value });
        response.write('begun', () => response.destroy());
      };
      const connection = await Connection.open(server.port);
      connection.write(request('/v1', [signed()]));
      await connection.closed;
      const received = (await connection.rest()).toString();
      expect(received).toContain('begun');
      expect(received).not.toMatch(/\r\n0\r\n\r\n$/);
    },
  );

  test('refuses a large body before it has arrived, the client gets the response', async () => {
    upstream.handle = (_incoming, response) => response.writeHead(413).end('too large');
    const connection = await Connection.open(server.port);
    connection.write(request('/v1', [signed(), `Content-Length: ${LARGE * MB}`], 'POST'));
    connection.write(PIECE);
    const answer = await connection.answer();
    expect([answer.status, answer.text]).toEqual([413, 'too large']);
    connection.destroy();
  });
});

describe('if the application sends', () => {
  let odd: BareUpstream;
  let behind: Ajwtd;
  beforeAll(async () => {
    odd = await startBareUpstream();
    behind = await serve({ database, args: ['--upstream', odd.url] });
  });
  afterAll(async () => {
    expect(await behind.stop()).toEqual({ code: 0, signal: null });
  });

  test.each([
    ['a protocol other than HTTP', 'SSH-2.0-OpenSSH\r\n\r\n'],
    ['a status below 100', 'HTTP/1.1 000 Zero\r\nContent-Length: 0\r\n\r\n'],
    ['a status below 100, with a body', 'HTTP/1.1 099 Odd\r\nContent-Length: 2\r\n\r\nno'],
    ['a reason phrase with terminal escapes', 'HTTP/1.1 200 \x1b[2J\x01\r\nContent-Length: 2\r\n\r\nok'],
    ['a header without a colon', 'HTTP/1.1 200 OK\r\nno colon\r\n\r\n'],
    ['a header with NUL', 'HTTP/1.1 200 OK\r\nX-A: a\0b\r\nContent-Length: 2\r\n\r\nok'],
    ['a header with an escape character', 'HTTP/1.1 200 OK\r\nX-A: a\x1bb\r\nContent-Length: 2\r\n\r\nok'],
    ['an unrequested upgrade', 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n'],
    ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok'],
    ['100 kB of headers', `HTTP/1.1 200 OK\r\nX-A: ${'a'.repeat(100_000)}\r\nContent-Length: 2\r\n\r\nok`],
  ])('%s, the client gets this response or a 502, and the server keeps running', async (_what, bytes) => {
    odd.answer = bytes;
    const answer = await exchange(behind.port, request('/v1', [signed()]));
    expect([200, 502]).toContain(answer.status);
    for (const character of ['\0', '\x01', '\x1b']) expect(answer.head).not.toContain(character);
    expect((await exchange(behind.port, request('/.ajwt/auth', [signed()]))).status).toBe(200);
    odd.answer = 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood';
    expect((await exchange(behind.port, request('/v1', [signed()]))).text, 'the next good response').toBe('good');
  });
});

describe('if the client disconnects', () => {
  test('before the response, the request to the application is aborted', async () => {
    const ended = new Promise<void>((done) => {
      upstream.handle = (_incoming, response) => response.once('close', done);
    });
    const arrived = new Promise<void>((done) => {
      const handle = upstream.handle as (incoming: IncomingMessage, response: ServerResponse) => void;
      upstream.handle = (incoming, response) => {
        handle(incoming, response);
        done();
      };
    });
    const connection = await Connection.open(server.port);
    connection.write(request('/v1', [signed()]));
    await arrived;
    connection.destroy();
    await ended;
  });

  test('while it sends the body, the application sees that the body is incomplete', async () => {
    const broken = new Promise<boolean>((done) => {
      upstream.handle = (incoming) => {
        incoming.on('error', () => {}).once('close', () => done(!incoming.complete));
        incoming.once('data', () => connection.destroy());
      };
    });
    const connection = await Connection.open(server.port);
    connection.write(request('/v1', [signed(), 'Content-Length: 100'], 'POST', 'begun'));
    expect(await broken).toBe(true);
  });

  test('while it receives the response, the connection to the application is closed', async () => {
    const ended = new Promise<void>((done) => {
      upstream.handle = (_incoming, response) => {
        response.once('close', done).write(PIECE);
      };
    });
    const connection = await Connection.open(server.port);
    connection.socket.once('data', () => connection.destroy());
    connection.write(request('/v1', [signed()]));
    await ended;
  });
});

test('the connection is closed if the client sends Connection: close, and kept otherwise', async () => {
  const closing = await Connection.open(server.port);
  closing.write(request('/v1', [signed(), 'Connection: close']));
  const answer = await closing.answer();
  expect([answer.text, answer.header('connection')]).toEqual(['hello', 'close']);
  await closing.closed;

  const kept = await Connection.open(server.port);
  for (let round = 0; round < 3; round++) {
    kept.write(request('/v1', [signed()]));
    expect((await kept.answer()).text).toBe('hello');
  }
  kept.destroy();
});
