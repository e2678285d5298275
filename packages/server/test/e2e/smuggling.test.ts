/** Ambiguous requests, and many requests on one connection: the application receives only what was authenticated. */
import type { KeyObject } from 'node:crypto';
import { type Ajwtd, scratch, serve } from 'ajwt-testkit/ajwtd';
import { Connection, exchange, request } from 'ajwt-testkit/connection';
import { databaseWith, token } from 'ajwt-testkit/directory';
import { type BareUpstream, startBareUpstream } from 'ajwt-testkit/upstream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const database = scratch()('smuggling.db');
let alice: KeyObject;
let upstream: BareUpstream;
let server: Ajwtd;
beforeAll(async () => {
  alice = (await databaseWith(database, ['alice'])).get('alice') as KeyObject;
  upstream = await startBareUpstream('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
  server = await serve({ database, args: ['--upstream', upstream.url] });
});
afterAll(() => server.stop());

const signed = () => `Authorization: JWT ${token('alice', alice)}`;
const SMUGGLED = 'GET /smuggled HTTP/1.1\r\nHost: x\r\nX-Auth-User: root\r\n\r\n';

/**
 * Returns everything that the server sends on a connection. Waits for the first response before it closes its half of the connection,
 * because the response would otherwise be cut off.
 */
async function everything(connection: Connection): Promise<string> {
  const first = await connection.answer().catch(() => undefined);
  connection.socket.end();
  const others = (await connection.rest()).toString('latin1');
  return first === undefined ? others : `${first.head}\r\n\r\n${first.text}${others}`;
}

/** Header lines and bodies that two parsers could read differently. */
const AMBIGUOUS: Readonly<Record<string, readonly [lines: readonly string[], body: string]>> = {
  'a length and chunked coding': [['Content-Length: 4', 'Transfer-Encoding: chunked'], `0\r\n\r\n${SMUGGLED}`],
  'chunked coding and a length': [['Transfer-Encoding: chunked', 'Content-Length: 4'], `0\r\n\r\n${SMUGGLED}`],
  'two lengths': [['Content-Length: 0', `Content-Length: ${SMUGGLED.length}`], SMUGGLED],
  'two lengths in one line': [[`Content-Length: 0, ${SMUGGLED.length}`], SMUGGLED],
  'twice the same length': [['Content-Length: 2', 'Content-Length: 2'], `{}${SMUGGLED}`],
  'a length with a sign': [['Content-Length: +2'], `{}${SMUGGLED}`],
  'a negative length': [['Content-Length: -1'], SMUGGLED],
  'a length in hexadecimal': [['Content-Length: 0x2'], `{}${SMUGGLED}`],
  'a length with a space inside': [['Content-Length: 2 0'], `{}${SMUGGLED}`],
  'an empty length': [['Content-Length:'], SMUGGLED],
  'a huge length': [['Content-Length: 18446744073709551618'], `{}${SMUGGLED}`],
  'a folded line': [['X-A: b', ' Content-Length: 0', 'Transfer-Encoding:', '\tchunked'], `0\r\n\r\n${SMUGGLED}`],
  'a folded coding': [['Transfer-Encoding: chunked', ' , identity'], `0\r\n\r\n${SMUGGLED}`],
  'a line that ends in LF only': [['Content-Length: 0\nTransfer-Encoding: chunked'], `0\r\n\r\n${SMUGGLED}`],
  'a line that ends in CR only': [['X-A: b\rTransfer-Encoding: chunked'], `0\r\n\r\n${SMUGGLED}`],
  'a space before the colon': [['Transfer-Encoding : chunked', 'Content-Length: 0'], `0\r\n\r\n${SMUGGLED}`],
  'a tab before the colon': [['Content-Length\t: 3'], SMUGGLED],
  'a space before the name': [[' Content-Length: 0'], SMUGGLED],
  'an unknown coding': [['Transfer-Encoding: xchunked'], `0\r\n\r\n${SMUGGLED}`],
  'a coding after chunked': [['Transfer-Encoding: chunked, identity'], `0\r\n\r\n${SMUGGLED}`],
  'identity coding and a length': [['Transfer-Encoding: identity', 'Content-Length: 0'], SMUGGLED],
  'a coding with NUL': [['Transfer-Encoding: chunked\0'], `0\r\n\r\n${SMUGGLED}`],
  'a quoted coding': [['Transfer-Encoding: "chunked"'], `0\r\n\r\n${SMUGGLED}`],
  'a coding with a vertical tab': [['Transfer-Encoding: \x0bchunked'], `0\r\n\r\n${SMUGGLED}`],
  'a chunk size that ends in LF only': [['Transfer-Encoding: chunked'], `0\n\n${SMUGGLED}`],
  'a chunk size with a sign': [['Transfer-Encoding: chunked'], `+2\r\n{}\r\n0\r\n\r\n${SMUGGLED}`],
  'a chunk size with 0X': [['Transfer-Encoding: chunked'], `0X2\r\n{}\r\n0\r\n\r\n${SMUGGLED}`],
  'a huge chunk size': [['Transfer-Encoding: chunked'], `10000000000000002\r\n{}\r\n0\r\n\r\n${SMUGGLED}`],
  'a chunk longer than its size': [['Transfer-Encoding: chunked'], `1\r\n{}\r\n0\r\n\r\n${SMUGGLED}`],
  'a chunk extension with LF': [['Transfer-Encoding: chunked'], `2;a\n{}\r\n0\r\n\r\n${SMUGGLED}`],
};

describe('an ambiguous request with a good token is read as at most one request', () => {
  test.each(Object.entries(AMBIGUOUS))('%s', async (_what, [lines, body]) => {
    const before = upstream.received().length;
    const connection = await Connection.open(server.port);
    connection.write(request('/v1', [signed(), ...lines], 'POST', body));
    const answers = await everything(connection);
    expect(answers).toMatch(/^(HTTP\/1\.1 (400|401|200|502) |$)/);
    // If a second request is read, it has no token.
    expect(answers.match(/HTTP\/1\.1 200 /g)?.length ?? 0).toBeLessThanOrEqual(1);
    const received = upstream.received().slice(before);
    expect(received).not.toContain('smuggled');
    expect(received.match(/HTTP\/1\.1\r\n/g)?.length ?? 0).toBeLessThanOrEqual(1);
    expect(received).not.toMatch(/root/);
    expect((await exchange(server.port, request('/v1', [signed()]))).text, 'the next good request').toBe('ok');
  });
});

describe('a request with an ambiguous start line is read as at most one request', () => {
  test.each([
    'GET /v1 HTTP/1.1\nHost: x\n',
    'GET  /v1 HTTP/1.1\r\nHost: x\r\n',
    'GET /v1\tHTTP/1.1\r\nHost: x\r\n',
    'GET /a b HTTP/1.1\r\nHost: x\r\n',
    'GET /v1 HTTP/1.2\r\nHost: x\r\n',
    'GET /v1 HTTP/2.0\r\nHost: x\r\n',
    'GET /v1 http/1.1\r\nHost: x\r\n',
    'GET /v1\r\n',
    'get /v1 HTTP/1.1\r\nHost: x\r\n',
    'G\0T /v1 HTTP/1.1\r\nHost: x\r\n',
    'GET /v1\x7f HTTP/1.1\r\nHost: x\r\n',
    'GET /v1 HTTP/1.1\r\n',
    'GET /v1 HTTP/1.1\r\nHost: x\r\nHost: y\r\n',
    'CONNECT /v1 HTTP/1.1\r\nHost: x\r\n',
    'CONNECT 127.0.0.1:22 HTTP/1.1\r\nHost: x\r\n',
  ])('%j', async (start) => {
    const before = upstream.received().length;
    const connection = await Connection.open(server.port);
    connection.write(`${start}${signed()}\r\n\r\n`);
    const answers = await everything(connection);
    expect(answers).not.toMatch(/HTTP\/1\.1 5/);
    const received = upstream.received().slice(before);
    expect(received.match(/HTTP\/1\.1\r\n/g)?.length ?? 0).toBeLessThanOrEqual(
      answers.startsWith('HTTP/1.1 200') ? 1 : 0,
    );
    expect((await exchange(server.port, request('/v1', [signed()]))).text, 'the next good request').toBe('ok');
  });
});

test('a request with two Host headers is refused, and its token stays unused', async () => {
  const before = upstream.received().length;
  const credential = signed();
  const answer = await exchange(server.port, request('/v1', ['Host: elsewhere.example', credential]));
  expect(answer.status).toBe(400);
  expect(upstream.received().slice(before)).toBe('');
  expect((await exchange(server.port, request('/v1', [credential]))).text).toBe('ok');
});

describe('many requests on one connection', () => {
  test('are decided separately and get their responses in order', async () => {
    const used = signed();
    const connection = await Connection.open(server.port);
    const lines = [
      [signed()],
      [],
      [used],
      [used],
      ['Authorization: JWT garbage'],
      [signed()],
      ['Authorization: Bearer x'],
    ];
    connection.write(lines.map((line, index) => request(`/${index}`, line)).join(''));
    const statuses: number[] = [];
    for (const _ of lines) statuses.push((await connection.answer()).status);
    expect(statuses.filter((status) => status === 200)).toHaveLength(3);
    expect(statuses).toEqual([200, 401, 200, 401, 401, 200, 401]);
    connection.destroy();
  });

  test('can have bodies: the body of a refused request is not read as a request', async () => {
    const before = upstream.received().length;
    const length = `Content-Length: ${SMUGGLED.length}`;
    const refused = await Connection.open(server.port);
    refused.write(request('/v1', [length], 'POST', SMUGGLED));
    expect((await everything(refused)).match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 401']);
    const accepted = await Connection.open(server.port);
    accepted.write(request('/v1', [signed(), length], 'POST', SMUGGLED));
    expect((await everything(accepted)).match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200']);
    const received = upstream.received().slice(before);
    // If it is a body, it reaches the application unchanged.
    expect(received.match(/POST \/v1 HTTP/g)).toHaveLength(1);
    expect(received.endsWith(`\r\n\r\n${SMUGGLED}`)).toBe(true);
  });

  test('an upgrade is handled like any other request, and the next request is authenticated too', async () => {
    const before = upstream.received().length;
    const upgrade = ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=='];
    const connection = await Connection.open(server.port);
    connection.write(request('/ws', [signed(), ...upgrade]));
    expect((await connection.answer()).text).toBe('ok');
    connection.write(SMUGGLED);
    expect((await connection.answer()).status).toBe(401);
    connection.destroy();
    expect(upstream.received().slice(before)).not.toMatch(/smuggled|upgrade:/i);
  });
});
