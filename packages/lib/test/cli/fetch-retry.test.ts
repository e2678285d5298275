/** Compares `ajwt fetch --retry` with curl, and checks which requests are never sent twice. */
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { createServer as createTcp, type Server as TcpServer } from 'node:net';
import { ajwt, type InProcessOptions, lacks, scratch } from 'ajwt-testkit/ajwt';
import { listen } from 'ajwt-testkit/listen';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Retries } from '../../src/cli/fetch/retry.ts';
import { PrivateKey } from '../../src/index.ts';
import { curl } from './beside-curl.ts';

const file = scratch();
const env = { AJWT_USER: 'guido', AJWT_KEY: file('key') };
let server: Server;
let silent: TcpServer;
let url = '';
let silentUrl = '';
/** Tokens and bodies received. */
const received: { token: string; body: string }[] = [];
/** Handlers of the requests, in order; the last one handles all further requests. */
let answers: ((response: ServerResponse) => void)[] = [];

const ok = (response: ServerResponse) => response.end('well');
const status =
  (code: number, headers: Record<string, string> = {}) =>
  (response: ServerResponse) =>
    response.writeHead(code, headers).end(`${code} `);
/** A refusal as this library sends it. */
const refusal =
  (code: number, error: string, headers: Record<string, string> = { 'retry-after': '0' }) =>
  (response: ServerResponse) =>
    response
      .writeHead(code, { 'content-type': 'application/problem+json', ...headers })
      .end(JSON.stringify({ error, detail: 'Try again.' }));

beforeAll(async () => {
  writeFileSync(file('key'), (await PrivateKey.generate()).toPem());
  server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    received.push({ token: request.headers.authorization ?? '', body });
    const answer = answers.length > 1 ? answers.shift() : answers[0];
    answer?.(response);
  });
  url = await listen(server);
  silent = createTcp((socket) => socket.on('error', () => {}).resume());
  silentUrl = await listen(silent as never);
});
beforeEach(() => {
  received.length = 0;
  answers = [ok];
});
afterAll(() => {
  server.close();
  silent.close();
});

const fetchAgain = (args: readonly string[], options: InProcessOptions = {}) =>
  ajwt(['fetch', '--retry', '3', '--retry-delay', '0.01', ...args], { env, ...options });

test('each attempt has a new token and the same body', async () => {
  answers = [status(503), status(500), ok];
  expect(await fetchAgain(['-X', 'PUT', '-d', 'body', url])).toMatchObject({ code: 0, stdout: 'well' });
  expect(received.map(({ body }) => body)).toEqual(['body', 'body', 'body']);
  expect(new Set(received.map(({ token }) => token)).size).toBe(3);
});

describe.skipIf(lacks('curl', '--version'))('makes as many attempts as curl, with the same exit code', () => {
  test.each<[string, string[], ((response: ServerResponse) => void)[]]>([
    ...[404, 401, 408, 429, 500, 501, 502, 503, 504].map(
      (code) =>
        [`status ${code}`, [], [status(code), ok]] as [string, string[], ((response: ServerResponse) => void)[]],
    ),
    ['503 on every attempt, with -f', ['-f'], [status(503)]],
    ['a dropped connection', [], [(response) => response.destroy(), ok]],
    ['a dropped connection, --retry-all-errors', ['--retry-all-errors'], [(response) => response.destroy(), ok]],
    ['404 with -f and --retry-all-errors', ['-f', '--retry-all-errors'], [status(404), ok]],
    ['404 with --retry-all-errors', ['--retry-all-errors'], [status(404), ok]],
    [
      'Retry-After longer than --retry-max-time',
      ['--retry-max-time', '2'],
      [status(503, { 'retry-after': '3600' }), ok],
    ],
  ])('%s', async (_name, args, all) => {
    answers = [...all];
    const theirs = await curl(['--retry', '1', '--retry-delay', '1', ...args, url]);
    const tried = received.length;
    received.length = 0;
    answers = [...all];
    const ours = await ajwt(['fetch', '--retry', '1', '--retry-delay', '0.01', ...args, url], { env });
    expect([ours.code, received.length]).toEqual([theirs.code, tried]);
  });

  test('a time limit', async () => {
    const args = ['-m', '0.2', '--retry', '1', '--retry-delay'];
    const theirs = await curl([...args, '1', silentUrl]);
    const ours = await ajwt(['fetch', ...args, '0.01', silentUrl], { env });
    expect([theirs.code, ours.code]).toEqual([28, 28]);
    expect(ours.stderr.split('\n').filter((line) => line.includes('(--max-time)'))).toHaveLength(2);
  });

  test.each([
    [[], 1],
    [['--retry-connrefused'], 2],
    [['--retry-all-errors'], 2],
  ])('a refused connection: %j', async (args, tries) => {
    const theirs = await curl(['--retry', '1', '--retry-delay', '1', ...args, 'http://127.0.0.1:1/']);
    const ours = await ajwt(['fetch', '--retry', '1', '--retry-delay', '0.01', ...args, 'http://127.0.0.1:1/'], {
      env,
    });
    expect([theirs.code, ours.code]).toEqual([7, 7]);
    expect(ours.stderr.match(/cannot connect/g)).toHaveLength(tries);
  });
});

describe('POST and PATCH', () => {
  test.each<[string, string[], ((response: ServerResponse) => void)[], number]>([
    ['are not repeated after a response of the application', [], [status(503, { 'retry-after': '0' }), ok], 1],
    ['are not repeated after a dropped connection', [], [(response) => response.destroy(), ok], 1],
    [
      'are repeated if the server refused the token and says when to try again',
      [],
      [refusal(503, 'unavailable'), refusal(401, 'stale_time'), ok],
      3,
    ],
    ['are not repeated if the refusal does not say when', [], [refusal(503, 'unavailable', {}), ok], 1],
    [
      'are repeated with --retry-all-errors',
      ['--retry-all-errors'],
      [status(503), (response) => response.destroy(), ok],
      3,
    ],
  ])('%s', async (_name, args, all, tries) => {
    for (const method of ['POST', 'PATCH']) {
      received.length = 0;
      answers = [...all];
      await fetchAgain([...args, '-X', method, '-d', 'once', url]);
      expect([method, received.length]).toEqual([method, tries]);
    }
  });

  test('are repeated if no connection was made', async () => {
    const { code, stderr } = await fetchAgain(['--retry-connrefused', '-d', 'x', 'http://127.0.0.1:1/']);
    expect([code, stderr.match(/cannot connect/g)?.length]).toEqual([7, 4]);
  });

  test('are not repeated after a time limit: the request may have arrived', async () => {
    const { code, stderr } = await fetchAgain(['-m', '0.2', '-d', 'x', silentUrl]);
    expect([code, stderr.match(/--max-time/g)?.length]).toEqual([28, 1]);
  });
});

test('a refusal that ends early is an error that can be tried again', async () => {
  const cut = (response: ServerResponse) => {
    const head = { 'content-type': 'application/problem+json', 'content-length': 100 };
    response.writeHead(401, head).write('{"error":', () => response.destroy());
  };
  answers = [cut, ok];
  expect(await fetchAgain(['--retry-all-errors', url])).toMatchObject({ code: 0, stdout: 'well' });
  answers = [cut];
  const { code, stdout } = await fetchAgain(['-i', url]);
  expect([code, stdout]).toEqual([18, expect.stringMatching(/^HTTP\/1\.1 401 Unauthorized\r\n/)]);
});

test('a body from a pipe is never sent again', async () => {
  answers = [status(503), ok];
  const { code, stdout } = await fetchAgain(['--retry-all-errors', '-T', '-', url], { input: 'once' });
  expect([code, stdout, received.map(({ body }) => body)]).toEqual([0, '503 ', ['once']]);
});

describe('the output', () => {
  test('has only the last response, with -i, -D and -w too', async () => {
    answers = [status(503, { 'x-first': '1' }), ok];
    const { stdout, stderr } = await fetchAgain(['-i', '-D', file('head'), '-w', '%{http_code}', url]);
    expect(stdout).toMatch(/^HTTP\/1\.1 200 OK\r\n(?:.+\r\n)+\r\nwell200$/);
    expect(readFileSync(file('head'), 'utf8')).not.toContain('x-first');
    expect(stderr).toBe('ajwt: status 503; retrying in 0.01 s (2 left)\n');
  });

  test('is silent with -s', async () => {
    answers = [status(503), ok];
    expect(await fetchAgain(['-s', url])).toMatchObject({ code: 0, stdout: 'well', stderr: '' });
  });

  test('to a file is restarted if the response ends early; to standard output, it is not', async () => {
    const cut = (response: ServerResponse) => {
      response.writeHead(200, { 'content-length': 100 }).write('begun and not ended', () => response.destroy());
    };
    answers = [cut, ok];
    expect(await fetchAgain(['--retry-all-errors', '-o', file('out'), url])).toMatchObject({ code: 0 });
    expect(readFileSync(file('out'), 'utf8')).toBe('well');
    answers = [cut, ok];
    expect(await fetchAgain(['--retry-all-errors', url])).toMatchObject({ code: 18, stdout: 'begun and not ended' });
  });
});

describe('the wait', () => {
  const ending = {
    exitCode: 0,
    status: 503,
    retryAfter: undefined,
    isRefusal: false,
    method: 'GET',
    isUnsent: false,
    isRepeatable: true,
  };
  const retries = (values: object) =>
    new Retries({ retry: '20', 'retry-all-errors': false, 'retry-connrefused': false, ...values } as never);

  test('doubles from 1 s to 600 s, as in curl', () => {
    const all = retries({});
    expect(Array.from({ length: 12 }, () => all.next(ending))).toEqual([
      1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 600, 600,
    ]);
  });

  test('has the length given by --retry-delay or Retry-After', () => {
    const all = retries({ 'retry-delay': '7' });
    expect([all.next(ending), all.next(ending), all.next({ ...ending, retryAfter: '33' })]).toEqual([7, 7, 33]);
    const date = new Date(Date.now() + 60_000).toUTCString();
    expect(all.next({ ...ending, retryAfter: date })).toBeGreaterThan(55);
    expect(all.next({ ...ending, retryAfter: 'soon' })).toBe(7);
  });

  test.each([
    ['Retry-After', {}, '999999999'],
    ['a date in Retry-After', {}, 'Fri, 31 Dec 9999 23:59:59 GMT'],
    ['--retry-delay', { 'retry-delay': '999999999' }, undefined],
  ])('is at most the longest delay of a timer, 24 days, for %s', (_what, values, retryAfter) => {
    // Node replaces a longer delay with 1 ms, so the retries would follow at once.
    expect(retries(values).next({ ...ending, retryAfter })).toBe(2_147_483);
  });

  test('is not started if it would exceed --retry-max-time', () => {
    const all = retries({ 'retry-max-time': '5' });
    expect([all.next(ending), all.next(ending), all.next(ending), all.next({ ...ending, retryAfter: '6' })]).toEqual([
      1,
      2,
      4,
      undefined,
    ]);
  });
});

test.each([
  [['--retry', 'x'], '--retry: must be a whole number'],
  [['--retry-all-errors'], '--retry-all-errors needs --retry'],
])('%j is a usage error', async (args, message) => {
  expect(await ajwt(['fetch', ...args, url], { env })).toMatchObject({ code: 1, stderr: `ajwt: ${message}\n` });
});
