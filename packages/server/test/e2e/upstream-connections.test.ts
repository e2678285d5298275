/** Tests connections to the application: timeouts, and requests that are sent just as an idle connection closes. */
import type { KeyObject } from 'node:crypto';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { type Ajwtd, scratch, serve } from 'ajwt-testkit/ajwtd';
import { Connection, exchange, request } from 'ajwt-testkit/connection';
import { databaseWith, token, UsedNonces } from 'ajwt-testkit/directory';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';

const database = scratch()('upstream.db');
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const EMPTY = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n';

/** A connection to the application, and the bytes that arrived on it. */
interface Seen {
  readonly socket: Socket;
  received: string;
}
type Behaviour = (connection: Seen, part: string) => void;

let alice: KeyObject;
let application: Server;
let behave: Behaviour;
let connections: Seen[] = [];
let server: Ajwtd;
let nonces: UsedNonces;
/** Maximum time for a response of the application, in seconds. */
const PATIENCE = 1;
beforeAll(async () => {
  alice = (await databaseWith(database, ['alice'])).get('alice') as KeyObject;
  application = createServer((socket) => {
    const connection: Seen = { socket, received: '' };
    connections.push(connection);
    socket.on('error', () => {});
    socket.setEncoding('latin1').on('data', (part: string) => {
      connection.received += part;
      behave(connection, part);
    });
  });
  await new Promise<void>((done) => application.listen(0, '127.0.0.1', done));
  const upstream = `http://127.0.0.1:${(application.address() as AddressInfo).port}`;
  const args = ['--upstream', upstream, '--upstream-response-timeout', String(PATIENCE)];
  server = await serve({ database, args });
  nonces = new UsedNonces(database);
});
afterAll(async () => {
  nonces.close();
  expect(await server.stop()).toEqual({ code: 0, signal: null });
  application.close();
});
afterEach(() => {
  for (const { socket } of connections) socket.destroy();
  connections = [];
});

const signed = () => `Authorization: JWT ${token('alice', alice)}`;
const ask = (method = 'GET', lines: readonly string[] = [], body = '') =>
  exchange(server.port, request('/v1', [...lines, signed()], method, body), method);
const requestsSeen = () =>
  connections.reduce((sum, { received }) => sum + received.split(' HTTP/1.1\r\n').length - 1, 0);

/** Responds to the first request on a connection, and closes the connection when the next request arrives. */
const closesAtTheSecond: Behaviour = (connection, part) => {
  if (!part.includes('\r\n\r\n')) return;
  if (connection.received === part) connection.socket.write(EMPTY);
  else connection.socket.destroy();
};

describe('if the application closes a connection as a request arrives', () => {
  test.each(['GET', 'HEAD', 'OPTIONS'])(
    'a %s request without a body is repeated once, and its token is claimed once',
    async (method) => {
      behave = closesAtTheSecond;
      const before = nonces.all();
      for (let round = 0; round < 6; round++) expect((await ask(method)).status).toBe(200);
      expect(nonces.since(before)).toHaveLength(6);
      // The application closed the connection of every request after the first.
      expect(requestsSeen()).toBeGreaterThan(6);
      expect(requestsSeen()).toBeLessThanOrEqual(12);
    },
  );

  test('the repeated request has the same headers, except Connection', async () => {
    behave = closesAtTheSecond;
    await ask('GET', ['X-A: 1']);
    await ask('GET', ['X-A: 2', 'Accept: text/plain']);
    const heads = connections.flatMap(({ received }) => received.split('\r\n\r\n').slice(0, -1));
    const withoutConnection = (head = '') => head.replace(/\r\nconnection: [\w-]+/i, '');
    expect(heads).toHaveLength(3);
    expect(withoutConnection(heads[2])).toBe(withoutConnection(heads[1]));
    expect(heads[2]).toContain('text/plain');
  });

  test.each([
    ['POST', ['Content-Length: 2'], '{}'],
    ['POST', ['Content-Length: 0'], ''],
    ['DELETE', [], ''],
    ['PUT', ['Transfer-Encoding: chunked'], '2\r\n{}\r\n0\r\n\r\n'],
    ['GET', ['Content-Length: 2'], '{}'],
    ['GET', ['Transfer-Encoding: chunked'], '0\r\n\r\n'],
  ] as const)(
    'a %s request with %j gets a 502, because the application may have processed it',
    async (method, lines, body) => {
      behave = closesAtTheSecond;
      await ask();
      const answer = await ask(method, lines, body);
      expect(answer.status).toBe(502);
      expect(requestsSeen()).toBe(2);
    },
  );

  test('a request on a new connection gets a 502 at once, and is not repeated', async () => {
    behave = ({ socket }) => socket.destroy();
    expect((await ask()).status).toBe(502);
    expect(requestsSeen()).toBe(1);
  });

  test('a request that fails a second time gets a 502, and is not repeated again', async () => {
    behave = (connection, part) => {
      if (connections.length === 1 && connection.received === part) connection.socket.write(OK);
      else connection.socket.destroy();
    };
    await ask();
    expect((await ask()).status).toBe(502);
    expect(requestsSeen()).toBe(3);
  });

  test.each(['H', 'HTTP/1.1 100 Continue\r\n\r\n', 'HTTP/1.1 200 OK\r\n'])(
    'a request gets a 502 and is not repeated if %j has arrived',
    async (bytes) => {
      behave = (connection, part) => {
        if (connection.received === part) connection.socket.write(OK);
        else connection.socket.end(bytes);
      };
      await ask();
      expect((await ask()).status).toBe(502);
      expect(requestsSeen()).toBe(2);
    },
  );
});

describe(`if the application takes longer than ${PATIENCE} s`, () => {
  async function expectTimeout(answer: { status: number; text: string; header(name: string): string | undefined }) {
    expect(answer.status).toBe(504);
    expect(answer.header('content-type')).toBe('application/problem+json');
    expect(answer.header('cache-control')).toBe('no-store');
    expect(JSON.parse(answer.text)).toEqual({
      type: 'about:blank',
      title: 'Gateway Timeout',
      status: 504,
      detail: expect.stringContaining(`within ${PATIENCE} s`),
      request_id: expect.any(String),
    });
    const line = await server.logged(
      ({ msg, status }) => msg === 'no valid response from the application' && status === 504,
    );
    expect(line).toMatchObject({ level: 'warn', cause: 'timeout' });
  }

  test('to respond, the client gets a 504, and the connection to the application is closed', async () => {
    const closed = new Promise<void>((done) => {
      behave = ({ socket }) => socket.once('close', done);
    });
    await expectTimeout(await ask());
    await closed;
    expect(requestsSeen(), 'the request is not repeated').toBe(1);
  });

  test('to respond on a reused connection, the client gets a 504, and the request is not repeated', async () => {
    behave = (connection, part) => {
      if (connection.received === part) connection.socket.write(OK);
    };
    await ask();
    await expectTimeout(await ask());
    expect(requestsSeen()).toBe(2);
  });

  test('to complete its headers, the client gets a 504', async () => {
    behave = ({ socket }) => socket.write('HTTP/1.1 200 OK\r\nContent-');
    await expectTimeout(await ask());
  });

  test('to read the body, the client gets a 504 while it is still sending', async () => {
    behave = ({ socket }) => socket.pause();
    const connection = await Connection.open(server.port);
    connection.write(request('/v1', [signed(), 'Content-Length: 100000000'], 'POST'));
    connection.socket.write(Buffer.alloc(30_000_000));
    await expectTimeout(await connection.answer());
    connection.destroy();
  });

  test('to receive a slow body, the client gets no 504, because the time starts at the end of the body', async () => {
    let isAsked = false;
    behave = (connection) => {
      if (!connection.received.endsWith('last')) return;
      isAsked = true;
      connection.socket.write(OK);
    };
    const connection = await Connection.open(server.port);
    connection.write(request('/v1', [signed(), 'Content-Length: 9'], 'POST', 'first'));
    const begun = performance.now();
    // Sends requests to another path while it waits.
    while (performance.now() - begun < 1500 * PATIENCE) await exchange(server.port, request('/.ajwt/auth'));
    expect(isAsked).toBe(false);
    connection.write('last');
    expect((await connection.answer()).text).toBe('ok');
    connection.destroy();
  });

  test('to end a response that it has begun, the client gets no 504', async () => {
    behave = ({ socket }) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nfirst');
    const connection = await Connection.open(server.port);
    connection.write(request('/v1', [signed()]));
    const begun = performance.now();
    while (performance.now() - begun < 1500 * PATIENCE) await exchange(server.port, request('/.ajwt/auth'));
    connections[0]?.socket.write('last');
    expect((await connection.answer()).text).toBe('firstlast');
    connection.destroy();
  });
});

test('an idle connection is closed before the timeout in the Keep-Alive header of the application', async () => {
  const closed = new Promise<void>((done) => {
    behave = ({ socket }) => {
      socket.write('HTTP/1.1 200 OK\r\nKeep-Alive: timeout=2\r\nContent-Length: 2\r\n\r\nok');
      socket.once('close', () => done());
    };
  });
  await ask();
  const begun = performance.now();
  await closed;
  expect(performance.now() - begun).toBeLessThan(2000);
});
