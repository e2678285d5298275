/** Tests requests that are too large, too slow or too many, and requests that are just within the limits. */
import { type KeyObject, randomBytes } from 'node:crypto';
import { readlinkSync, realpathSync } from 'node:fs';
import { type Ajwtd, type LogLine, scratch, serve } from 'ajwt-testkit/ajwtd';
import { type Answer, Connection, exchange, request } from 'ajwt-testkit/connection';
import { databaseWith, seconds, token } from 'ajwt-testkit/directory';
import { expectAnswer } from 'ajwt-testkit/refusal';
import { startUpstream, type Upstream } from 'ajwt-testkit/upstream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

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
/** Returns header lines with the given total size in bytes. */
const padding = (bytes: number, line = 1000) =>
  Array.from({ length: Math.floor(bytes / line) }, (_, index) => `X-Pad-${index}: `.padEnd(line - 2, 'p'));

test('the server runs on the version of Node under test', () => {
  expect(readlinkSync(`/proc/${server.pid}/exe`)).toBe(realpathSync(process.env.AJWT_TEST_NODE ?? process.execPath));
});

describe('headers', () => {
  test.each(['/.ajwt/auth', '/v1'])('of 33 kB, the most that nginx forwards, are accepted by %s', async (target) => {
    expect((await exchange(server.port, request(target, [...padding(33_000), signed()]))).status).toBe(200);
    expectAnswer(await exchange(server.port, request(target, padding(33_000))), 'missing');
  });

  test('of 33 kB all reach the application', async () => {
    await exchange(server.port, request('/v1', [...padding(33_000), signed()]));
    const { rawHeaders } = upstream.seen.at(-1) as { rawHeaders: readonly string[] };
    expect(rawHeaders.filter((name) => name.toLowerCase().startsWith('x-pad-'))).toHaveLength(33);
  });

  test.each([
    ['in many lines', padding(41_000)],
    ['in one line', [`X-Pad: ${'p'.repeat(41_000)}`]],
    ['in the target', []],
  ])('of 41 kB %s get a 431, and the connection is closed', async (what, lines) => {
    const before = upstream.seen.length;
    const target = what === 'in the target' ? `/v1?${'p'.repeat(41_000)}` : '/v1';
    const connection = await Connection.open(server.port);
    connection.write(request(target, [...lines, signed()]));
    expect((await connection.answer()).status).toBe(431);
    await connection.closed;
    expect(upstream.seen).toHaveLength(before);
  });

  test('are never dropped, even among thousands, so a second Authorization at the end is noticed', async () => {
    const short = Array.from({ length: 3000 }, (_, index) => `a${index}: b`);
    const credential = signed();
    const lines = [credential, ...short, signed()];
    expectAnswer(await exchange(server.port, request('/.ajwt/auth', lines)), 'malformed header_repeated');
    expect((await exchange(server.port, request('/.ajwt/auth', [...short, credential]))).status).toBe(200);
  });

  test.each(['__proto__', 'constructor', 'hasOwnProperty', 'toString', '__defineGetter__', 'push'])(
    'named %s, like a property of every JavaScript object, are handled like any others',
    async (name) => {
      for (const target of ['/.ajwt/auth', '/.ajwt/whoami', '/v1']) {
        expectAnswer(await exchange(server.port, request(target, [`${name}: a`, `${name}: b`])), 'missing');
        const lines = [`${name}: a`, signed(), `${name}: b`];
        expect((await exchange(server.port, request(target, lines))).status).toBe(200);
      }
    },
  );

  test('are forwarded with a signed target of 3 kB', async () => {
    const target = `/v1?${'q'.repeat(3000)}`;
    const bound = token('alice', alice, { bind: { v: 1, htm: 'GET', target } });
    const answer = await exchange(server.port, request(target, [`Authorization: JWT ${bound}`]));
    expect(answer.status).toBe(200);
    expect(upstream.seen.at(-1)?.url).toBe(target);
  });
});

describe('slow senders', () => {
  /** Returns the seconds until the server closes the connection. */
  async function secondsUntilClosed(connection: Connection): Promise<number> {
    const begun = performance.now();
    await connection.closed;
    return (performance.now() - begun) / 1000;
  }

  test('a connection without complete headers is closed after about 5 s, and others are served meanwhile', async () => {
    const open = () => Connection.open(server.port);
    const [silent, halfALine, dripping, second] = [await open(), await open(), await open(), await open()];
    halfALine.write('GET /.ajwt/au');
    dripping.write('GET /v1 HTTP/1.1\r\n');
    const drip = setInterval(() => dripping.write('X: y\r\n'), 200);
    // The server responds to the first request on this connection; the second one never ends.
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

  test('a body that arrives slowly is accepted', async () => {
    const connection = await Connection.open(server.port);
    connection.write(request('/v1', [signed(), 'Content-Length: 12'], 'POST'));
    for (const part of ['one ', 'two ', 'four']) {
      // Each part is sent after another request has been served.
      await exchange(server.port, request('/.ajwt/auth', [signed()]));
      connection.write(part);
    }
    expect((await connection.answer()).text).toBe('hello');
    expect(upstream.seen.at(-1)?.body.toString()).toBe('one two four');
    connection.destroy();
  });

  test('the connection of a refused request with an unfinished body is closed within 8 s', async () => {
    const connection = await Connection.open(server.port);
    connection.write(request('/v1', ['Content-Length: 1000000'], 'POST', 'begun'));
    expectAnswer(await connection.answer(), 'missing');
    expect(await secondsUntilClosed(connection)).toBeLessThan(8);
  });
});

test('500 silent connections do not block other requests', async () => {
  const idle = await Promise.all(Array.from({ length: 500 }, () => Connection.open(server.port)));
  expect((await exchange(server.port, request('/.ajwt/auth', [signed()]))).status).toBe(200);
  for (const connection of idle) connection.destroy();
});

describe('pipelining', () => {
  const garbage = request('/.ajwt/auth', ['Authorization: JWT garbage']);

  test('16 requests that arrive together get their responses in order', async () => {
    const targets = ['/.ajwt/nothing', '/.ajwt/auth', '/v1', '/.ajwt/whoami'];
    const connection = await Connection.open(server.port);
    connection.write(
      Array.from({ length: 16 }, (_, index) => request(targets[index % 4] as string, [signed()])).join(''),
    );
    const statuses: number[] = [];
    for (let answered = 0; answered < 16; answered++) statuses.push((await connection.answer()).status);
    expect(statuses).toEqual(Array.from({ length: 4 }, () => [404, 200, 200, 200]).flat());
    connection.destroy();
  });

  test.each([
    ['garbage', () => garbage],
    ['requests without a decision', () => request('/.ajwt/nothing')],
  ])('the connection is closed after 17 requests at once (%s)', async (_, make) => {
    const from = server.log.length;
    const connection = await Connection.open(server.port);
    connection.write(make().repeat(17));
    await connection.closed;
    await server.logged(({ limit }) => limit === 'connection', from);
    expect((await exchange(server.port, request('/.ajwt/auth', [signed()]))).status).toBe(200);
  });

  test('the tokens on a closed connection stay unused', async () => {
    const requests = Array.from({ length: 17 }, () => request('/.ajwt/auth', [signed()]));
    const connection = await Connection.open(server.port);
    connection.write(requests.join(''));
    await connection.closed;
    for (const one of requests) expect((await exchange(server.port, one)).status).toBe(200);
  });

  test('after a flood from an address, bodies from that address still arrive completely', async () => {
    const flood = await Connection.open(server.port);
    flood.write(garbage.repeat(1000));
    await flood.closed;
    const body = randomBytes(300_000).toString('hex');
    const connection = await Connection.open(server.port);
    for (const lines of [[`Content-Length: ${body.length}`], [...padding(30_000), `Content-Length: ${body.length}`]]) {
      connection.write(request('/v1', [signed(), ...lines], 'POST', body));
      expect((await connection.answer()).status).toBe(200);
      expect(upstream.seen.at(-1)?.body.toString() === body).toBe(true);
    }
    connection.write(request('/.ajwt/auth', [signed()]).repeat(1) + garbage.repeat(15));
    expect((await connection.answer()).status).toBe(200);
    for (let answered = 0; answered < 15; answered++) expect((await connection.answer()).status).toBe(401);
    connection.write(garbage.repeat(1000));
    await connection.closed;
  });
});

describe('undecided requests', () => {
  let limited: Ajwtd;
  beforeAll(async () => {
    const limits = ['--max-waiting-per-address', '2', '--max-waiting', '5', '--trusted-proxy', '127.0.0.1'];
    limited = await serve({ database, args: [...limits, '--upstream', upstream.url] });
  });
  afterAll(() => limited.stop());

  /**
   * Sends requests together, as from a trusted proxy. @param clients - the client of each request; `undefined` if the proxy reports none
   */
  async function statusesOf(target: string, clients: readonly (string | undefined)[]): Promise<Answer[]> {
    const connection = await Connection.open(limited.port);
    const bytes = clients.map((client) =>
      request(target, [signed(), ...(client === undefined ? [] : [`X-Forwarded-For: 203.0.113.9, ${client}`])]),
    );
    connection.write(bytes.join(''));
    const answers: Answer[] = [];
    for (const _ of clients) answers.push(await connection.answer());
    connection.destroy();
    return answers;
  }

  test.each(['/.ajwt/auth', '/.ajwt/whoami', '/v1'])(
    'to %s are limited to two from one address; further ones get a 503',
    async (target) => {
      const before = limited.log.length;
      const answers = await statusesOf(target, ['2001:db8::1', '2001:db8::2', '2001:db8::3', '192.0.2.1']);
      expect(answers.map(({ status }) => status)).toEqual([200, 200, 503, 200]);
      const shed = answers[2] as Answer;
      expect(shed.header('retry-after')).toBe('1');
      expect(shed.header('www-authenticate')).toBeUndefined();
      expect(JSON.parse(shed.text)).toMatchObject({ status: 503, error: 'unavailable' });
      await limited.logged(({ limit }) => limit === 'address', target === '/.ajwt/auth' ? before : 0);
    },
  );

  test('are not limited per address behind a proxy that reports no client', async () => {
    const answers = await statusesOf('/.ajwt/auth', [undefined, undefined, undefined, undefined, undefined]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
  });

  test('get a 503 if five others are waiting', async () => {
    const from = limited.log.length;
    const answers = await statusesOf('/.ajwt/auth', [
      undefined,
      undefined,
      undefined,
      '192.0.2.1',
      undefined,
      '192.0.2.2',
    ]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 503]);
    await limited.logged(({ limit }) => limit === 'all', from);
  });

  test('leave their token unused if they get a 503', async () => {
    const line = signed();
    const connection = await Connection.open(limited.port);
    const from = 'X-Forwarded-For: 192.0.2.1';
    const others = [signed(), signed()].map((other) => request('/.ajwt/auth', [other, from]));
    connection.write([...others, request('/.ajwt/auth', [line, from])].join(''));
    for (const status of [200, 200, 503]) expect((await connection.answer()).status).toBe(status);
    connection.destroy();
    expect((await exchange(limited.port, request('/.ajwt/auth', [line]))).status).toBe(200);
  });
});

test('while one address floods the server on 16 connections, /livez responds and others are accepted', async () => {
  const flooded = await serve({ database, args: ['--admin-listen', '127.0.0.1:0'] });
  const line = flooded.log.find(({ msg }) => msg.startsWith('admin listener:'));
  const adminPort = Number(/:(\d+) /.exec(line?.msg as string)?.[1]);
  const garbage = Buffer.from(request('/.ajwt/auth', ['Authorization: JWT garbage']).repeat(1000));
  let isOver = false;
  const attack = async () => {
    while (!isOver) {
      const connection = await Connection.open(flooded.port);
      connection.write(garbage);
      await connection.closed;
    }
  };
  const attacks = Array.from({ length: 16 }, attack);
  await flooded.logged(({ limit }) => limit === 'connection');
  for (let served = 0; served < 20; served++) {
    expect((await exchange(adminPort, request('/livez'))).status).toBe(200);
    expect((await exchange(flooded.port, request('/.ajwt/auth', [signed()]))).status).toBe(200);
  }
  isOver = true;
  await Promise.all(attacks);
  expect(await flooded.stop()).toEqual({ code: 0, signal: null });
});

describe('during a flood, ten refusals a second are logged and the others counted, and other requests are accepted: a flood of', () => {
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
    // Each refusal is either logged or counted, even if no further refusal follows.
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
