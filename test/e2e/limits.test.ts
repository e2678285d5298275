/** Too much, and too slow: what is cut, and what is let through. */
import type { KeyObject } from 'node:crypto';
import { readlinkSync, realpathSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Ajwtd, type LogLine, scratch, serve } from './ajwtd.ts';
import { Connection, exchange, request } from './connection.ts';
import { databaseWith, seconds, token } from './directory.ts';
import { expectAnswer } from './refusal.ts';
import { startUpstream, type Upstream } from './upstream.ts';

const database = scratch()('limits.db');
let alice: KeyObject;
let upstream: Upstream;
let server: Ajwtd;
beforeAll(async () => {
  alice = (await databaseWith(database, ['alice'])).get('alice') as KeyObject;
  upstream = await startUpstream();
  server = await serve({ database, args: ['--upstream', upstream.url] });
});
afterAll(() => server.stop());

const signed = () => `Authorization: JWT ${token('alice', alice)}`;
/** Header lines of this many bytes in all. */
const padding = (bytes: number, line = 1000) =>
  Array.from({ length: Math.floor(bytes / line) }, (_, index) => `X-Pad-${index}: `.padEnd(line - 2, 'p'));

test('the server runs on the Node that it is to be tested on', () => {
  expect(readlinkSync(`/proc/${server.pid}/exe`)).toBe(realpathSync(process.env.AJWT_TEST_NODE ?? process.execPath));
});

describe('headers', () => {
  test.each(['/.ajwt/auth', '/v1'])('%s: 33 kB, as nginx passes them on, are read', async (target) => {
    expect((await exchange(server.port, request(target, [...padding(33_000), signed()]))).status).toBe(200);
    expectAnswer(await exchange(server.port, request(target, padding(33_000))), 'missing');
  });

  test('the application gets all of them', async () => {
    await exchange(server.port, request('/v1', [...padding(33_000), signed()]));
    const { rawHeaders } = upstream.seen.at(-1) as { rawHeaders: readonly string[] };
    expect(rawHeaders.filter((name) => name.toLowerCase().startsWith('x-pad-'))).toHaveLength(33);
  });

  test.each([
    ['in many lines', padding(41_000)],
    ['in one line', [`X-Pad: ${'p'.repeat(41_000)}`]],
    ['in the target', []],
  ])('41 kB, %s: 431, and the connection ends', async (what, lines) => {
    const before = upstream.seen.length;
    const target = what === 'in the target' ? `/v1?${'p'.repeat(41_000)}` : '/v1';
    const connection = await Connection.open(server.port);
    connection.write(request(target, [...lines, signed()]));
    expect((await connection.answer()).status).toBe(431);
    await connection.closed;
    expect(upstream.seen).toHaveLength(before);
  });

  test('thousands of short ones: none is dropped, a second Authorization behind them neither', async () => {
    const short = Array.from({ length: 3000 }, (_, index) => `a${index}: b`);
    const credential = signed();
    const lines = [credential, ...short, signed()];
    expectAnswer(await exchange(server.port, request('/.ajwt/auth', lines)), 'malformed header_repeated');
    expect((await exchange(server.port, request('/.ajwt/auth', [...short, credential]))).status).toBe(200);
  });

  test.each(['__proto__', 'constructor', 'hasOwnProperty', 'toString', '__defineGetter__', 'push'])(
    'one with a name that every object has (%s): a request like any other',
    async (name) => {
      for (const target of ['/.ajwt/auth', '/.ajwt/whoami', '/v1']) {
        expectAnswer(await exchange(server.port, request(target, [`${name}: a`, `${name}: b`])), 'missing');
        const lines = [`${name}: a`, signed(), `${name}: b`];
        expect((await exchange(server.port, request(target, lines))).status).toBe(200);
      }
    },
  );

  test('a target of 3 kB is signed and passed on', async () => {
    const target = `/v1?${'q'.repeat(3000)}`;
    const bound = token('alice', alice, { bind: { v: 1, htm: 'GET', target } });
    const answer = await exchange(server.port, request(target, [`Authorization: JWT ${bound}`]));
    expect(answer.status).toBe(200);
    expect(upstream.seen.at(-1)?.url).toBe(target);
  });
});

describe('slow senders', () => {
  /** Seconds until the server closes the connection. */
  async function secondsUntilClosed(connection: Connection): Promise<number> {
    const begun = performance.now();
    await connection.closed;
    return (performance.now() - begun) / 1000;
  }

  test('headers that never end, or never begin, are cut after about 5 s; others are served meanwhile', async () => {
    const open = () => Connection.open(server.port);
    const [silent, halfALine, dripping, second] = [await open(), await open(), await open(), await open()];
    halfALine.write('GET /.ajwt/au');
    dripping.write('GET /v1 HTTP/1.1\r\n');
    const drip = setInterval(() => dripping.write('X: y\r\n'), 200);
    // Its first request was served; the second one does not come to its end.
    second.write(request('/.ajwt/auth', [signed()]));
    expect((await second.answer()).status).toBe(200);
    second.write('GET /v1 HTTP/1.1\r\n');

    const closed = Promise.all([silent, halfALine, dripping, second].map(secondsUntilClosed));
    let served = 0;
    let isOver = false;
    closed.finally(() => {
      isOver = true;
      clearInterval(drip);
    });
    while (!isOver) {
      expect((await exchange(server.port, request('/.ajwt/auth', [signed()]))).status).toBe(200);
      served += 1;
    }
    for (const seconds of await closed) {
      expect(seconds).toBeGreaterThan(3.5);
      expect(seconds).toBeLessThan(9);
    }
    expect(served).toBeGreaterThan(10);
  });

  test('a body that comes slowly is waited for', async () => {
    const connection = await Connection.open(server.port);
    connection.write(request('/v1', [signed(), 'Content-Length: 12'], 'POST'));
    for (const part of ['one ', 'two ', 'four']) {
      // Each part goes out when another request was served.
      await exchange(server.port, request('/.ajwt/auth', [signed()]));
      connection.write(part);
    }
    expect((await connection.answer()).text).toBe('hello');
    expect(upstream.seen.at(-1)?.body.toString()).toBe('one two four');
    connection.destroy();
  });

  test('the body of a refused request is not waited for: the connection ends soon', async () => {
    const connection = await Connection.open(server.port);
    connection.write(request('/v1', ['Content-Length: 1000000'], 'POST', 'begun'));
    expectAnswer(await connection.answer(), 'missing');
    expect(await secondsUntilClosed(connection)).toBeLessThan(8);
  });
});

test('500 connections that say nothing keep nobody out', async () => {
  const idle = await Promise.all(Array.from({ length: 500 }, () => Connection.open(server.port)));
  expect((await exchange(server.port, request('/.ajwt/auth', [signed()]))).status).toBe(200);
  for (const connection of idle) connection.destroy();
});

describe('a flood of refused requests is logged ten times a second, then counted, and keeps nobody out', () => {
  test.each([
    ['garbage', () => 'Authorization: JWT garbage', { reason: 'malformed' }, {}],
    [
      'a captured token that is a month old',
      () => `Authorization: JWT ${token('alice', alice, { time: seconds() - 30 * 86_400 })}`,
      { reason: 'stale', username: 'alice' },
      { username: 'alice' },
    ],
  ])('%s', async (_, makeLine, line, counted) => {
    const from = server.log.length;
    const bytes = request('/.ajwt/auth', [makeLine()]);
    const connections = await Promise.all(Array.from({ length: 10 }, () => Connection.open(server.port)));
    await Promise.all(
      connections.map(async (connection) => {
        for (let sent = 0; sent < 100; sent++) {
          connection.write(bytes);
          expect((await connection.answer()).status).toBe(401);
        }
        connection.destroy();
      }),
    );
    expect((await exchange(server.port, request('/.ajwt/auth', [signed()]))).status).toBe(200);
    const fits = (entry: LogLine, members: object) => expect.objectContaining(members).asymmetricMatch(entry);
    // Each refusal is either a line of its own or counted, although no further one comes.
    const accountedFor = () =>
      server.log.slice(from).reduce((sum, entry) => {
        if (fits(entry, { ...counted, msg: 'more refusals were not logged' })) return sum + Number(entry.refusals);
        return sum + (fits(entry, line) ? 1 : 0);
      }, 0);
    await expect.poll(accountedFor).toBe(1000);
    const bySecond = Map.groupBy(
      server.log.slice(from).filter((entry) => fits(entry, line)),
      ({ time }) => time.slice(0, 19),
    );
    for (const lines of bySecond.values()) expect(lines.length).toBeLessThanOrEqual(10);
  });
});
