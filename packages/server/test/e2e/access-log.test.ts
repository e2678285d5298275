/** One log line for each request, the ids that connect it with other logs, and a log that cannot be written. */

import { spawn } from 'node:child_process';
import type { KeyObject } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, constants, openSync, readFileSync } from 'node:fs';
import { type Ajwtd, ajwtd, isRefusal, type LogLine, scratch, serve } from 'ajwt-testkit/ajwtd';
import { exchange, request } from 'ajwt-testkit/connection';
import { asOfAMinuteAgo, databaseWith, seconds, token } from 'ajwt-testkit/directory';
import { COMMANDS } from 'ajwt-testkit/program';
import { environment, mustRun } from 'ajwt-testkit/run';
import { freePort } from 'ajwt-testkit/servers/process';
import { signToken } from 'ajwt-testkit/sign';
import { startUpstream, type Upstream } from 'ajwt-testkit/upstream';
import { afterAll, beforeAll, expect, test } from 'vitest';

const AUTH = '/.ajwt/auth';
const TRACEPARENT = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00';

const inFolder = scratch();
const database = inFolder('access-log.db');
let alice: KeyObject;
let upstream: Upstream;
let server: Ajwtd;
beforeAll(async () => {
  alice = (await databaseWith(database, ['alice'])).get('alice') as KeyObject;
  await asOfAMinuteAgo(database);
  upstream = await startUpstream();
  server = await serve({ database, args: ['--upstream', upstream.url, '--trusted-proxy', '127.0.0.1'] });
});
afterAll(() => server.stop());

const signed = (claims: Record<string, unknown> = {}) => `Authorization: JWT ${token('alice', alice, claims)}`;
let requests = 0;
/** Sends a request with a unique id. @returns the response, and the line in the log */
async function ask(target: string, lines: readonly string[], method = 'GET', to = server) {
  const id = `test-${++requests}`;
  const answer = await exchange(to.port, request(target, [`X-Request-Id: ${id}`, ...lines], method), method);
  return { id, answer, line: await to.logged((line) => line.request_id === id) };
}

/** Returns the members that docs/REFERENCE.md lists, in their order. */
function documented(): string[] {
  const sections = readFileSync('docs/REFERENCE.md', 'utf8').split(/^## /m);
  const section = sections.find((one) => one.startsWith('Members of the access log\n')) ?? '';
  return [...section.matchAll(/^\| `(\w+)`/gm)].map(([, member]) => member as string);
}

test('a forwarded request has one line, with all parts of its duration', async () => {
  const { line } = await ask('/v1/items?secret=1', [signed(), 'X-Forwarded-For: 203.0.113.9, 2001:db8::7'], 'POST');
  expect(line).toMatchObject({
    ...{ level: 'info', msg: 'accepted', reason: 'accepted', client: '2001:db8::7', method: 'POST', path: '/v1/items' },
    ...{ username: 'alice', key: expect.stringMatching(/^SHA256:[\w+/]{43}$/), status: 200, bytes: 5 },
  });
  const { duration_ms, lookup_ms, verify_ms, claim_ms, upstream_ms } = line as unknown as Record<string, number>;
  for (const part of [lookup_ms, verify_ms, claim_ms, upstream_ms]) expect(part).toBeGreaterThan(0);
  expect(duration_ms).toBeGreaterThan(Number(verify_ms) + Number(claim_ms) + Number(upstream_ms));
  expect(JSON.stringify(server.log)).not.toContain('secret');
  expect(server.log.filter(({ request_id }) => request_id === line.request_id)).toHaveLength(1);
});

test('docs/REFERENCE.md lists the members of all lines, in their order', async () => {
  const lines = [
    (await ask(AUTH, [signed()])).line,
    (await ask(AUTH, [signed({ time: seconds() - 100 })])).line,
    (await ask(AUTH, ['Authorization: JWT garbage'])).line,
    (await ask('/v1', [signed(), 'X-Forwarded-For: 192.0.2.1'])).line,
  ];
  const members = documented();
  expect(members.length).toBeGreaterThan(15);
  for (const line of lines) {
    expect(members.filter((member) => member in line)).toEqual(Object.keys(line));
    for (const always of ['time', 'reason', 'request_id', 'status', 'bytes', 'duration_ms', 'lookup_ms']) {
      expect(line).toHaveProperty(always);
    }
  }
});

test('the refusal of a signed token names the registered key; otherwise the line repeats what the token claims', async () => {
  const accepted = await ask(AUTH, [signed()]);
  const stale = await ask(AUTH, [signed({ time: seconds() - 100 })]);
  expect(stale.line).toMatchObject({ reason: 'stale', status: 401, username: 'alice', key: accepted.line.key });
  const header = { alg: 'EdDSA', kid: 'a"b' };
  const claims = JSON.stringify({ username: 'mallory', time: seconds(), nonce: 'a' });
  const unknown = await ask(AUTH, [`Authorization: JWT ${signToken(JSON.stringify(header), claims, alice)}`]);
  expect(unknown.line).toMatchObject({ reason: 'unknown_user', username: 'mallory', kid: 'a"b' });
  expect(unknown.line).not.toHaveProperty('key');
});

test('a retired key has its own reason', async () => {
  const other = scratch()('retired.db');
  const key = (await databaseWith(other, ['carol'])).get('carol') as KeyObject;
  const retiring = await serve({ database: other, args: ['--nonces', 'memory'] });
  const send = async () =>
    (await exchange(retiring.port, request(AUTH, [`Authorization: JWT ${token('carol', key)}`]))).status;
  expect(await send()).toBe(200);
  const { key: fingerprint } = await retiring.logged(({ reason }) => reason === 'accepted');
  const retired = await ajwtd(['key', 'retire', String(fingerprint), '--force', '--database', `sqlite:${other}`]);
  expect(retired.code).toBe(0);
  expect(await send()).toBe(401);
  expect(await retiring.logged(isRefusal)).toMatchObject({ reason: 'key_retired', username: 'carol', status: 401 });
  await retiring.stop();
});

test('the request id is in the body and a header of every refusal, and in the response of forward-auth and whoami', async () => {
  for (const [target, lines] of [
    [AUTH, [signed({ time: seconds() - 100 })]],
    [AUTH, []],
    ['/v1', ['Authorization: JWT garbage']],
  ] as const) {
    const { id, answer } = await ask(target, lines);
    expect(JSON.parse(answer.text)).toMatchObject({ status: 401, request_id: id });
    expect(answer.header('x-request-id')).toBe(id);
  }
  for (const target of [AUTH, '/.ajwt/whoami']) {
    const { id, answer } = await ask(target, [signed()]);
    expect([answer.status, answer.header('x-request-id')]).toEqual([200, id]);
  }
  const made = await exchange(server.port, request(AUTH, []));
  expect(JSON.parse(made.text).request_id).toMatch(/^[\da-f-]{36}$/);
});

test('the request id and traceparent reach the application, and are made if they are absent or invalid', async () => {
  upstream.seen.length = 0;
  const { id, line } = await ask('/v1', [
    signed(),
    `Traceparent: ${TRACEPARENT}`,
    'Tracestate: a=1',
    'X_Request_Id: x',
  ]);
  expect(line.trace_id).toBe(TRACEPARENT.slice(3, 35));
  expect(upstream.seen[0]?.headers).toMatchObject({ 'x-request-id': id, traceparent: TRACEPARENT, tracestate: 'a=1' });
  expect(upstream.seen[0]?.headers).not.toHaveProperty('x_request_id');
  const from = server.log.length;
  const lines = [signed(), 'X-Request-Id: a"b', 'Traceparent: 00-0-0-00', 'Tracestate: a=1', 'Connection: traceparent'];
  await exchange(server.port, request('/v1', lines));
  const { request_id, trace_id } = await server.logged((one) => one.reason === 'accepted', from);
  expect(request_id).toMatch(/^[\da-f-]{36}$/);
  expect(upstream.seen[1]?.headers).toMatchObject({
    'x-request-id': request_id,
    traceparent: expect.stringMatching(new RegExp(`^00-${trace_id}-[\\da-f]{16}-01$`)),
  });
  expect(upstream.seen[1]?.headers).not.toHaveProperty('tracestate');
});

test('a request whose application fails, or whose client disconnects, has a line with what happened', async () => {
  upstream.handle = (_, response) => response.destroy();
  const failed = await ask('/v1', [signed()], 'POST');
  expect(failed.line).toMatchObject({ reason: 'accepted', status: 502, upstream_ms: expect.any(Number) });
  expect(JSON.parse(failed.answer.text)).toMatchObject({ status: 502, request_id: failed.id });
  expect(failed.line.bytes).toBe(Buffer.byteLength(failed.answer.text));
  upstream.handle = (_, response) => {
    response.writeHead(200, { 'content-length': 100 });
    response.write('half', () => response.destroy());
  };
  await exchange(server.port, request('/v1', [signed(), 'X-Request-Id: half'])).catch(() => {});
  expect(await server.logged(({ request_id }) => request_id === 'half')).toMatchObject({
    ...{ status: 200, bytes: 4, aborted: true },
  });
  const { Connection } = await import('ajwt-testkit/connection');
  const connection = await Connection.open(server.port);
  upstream.handle = () => connection.destroy();
  connection.write(request('/v1', [signed(), 'X-Request-Id: gone']));
  expect(await server.logged(({ request_id }) => request_id === 'gone')).toMatchObject({ status: 499, aborted: true });
  upstream.handle = undefined;
});

test('a response to HEAD has no bytes', async () => {
  expect((await ask('/.ajwt/whoami', [signed()], 'HEAD')).line).toMatchObject({ status: 200, bytes: 0 });
  expect((await ask('/v1', ['Authorization: JWT garbage'], 'HEAD')).line).toMatchObject({ status: 401, bytes: 0 });
});

test('with --access-log refused or off, fewer requests are logged', async () => {
  for (const mode of ['refused', 'off']) {
    const quiet = await serve({ database, args: ['--access-log', mode] });
    expect((await exchange(quiet.port, request(AUTH, [signed()]))).status).toBe(200);
    expect((await exchange(quiet.port, request(AUTH, [signed({ time: 1 })]))).status).toBe(401);
    expect(await quiet.stop()).toEqual({ code: 0, signal: null });
    const expected = mode === 'off' ? [] : [expect.objectContaining({ reason: 'stale' })];
    expect(quiet.log.filter(({ reason }) => reason !== undefined)).toEqual(expected);
  }
});

test('lines that still wait are written when the server stops', async () => {
  const stopped = await serve({ database });
  expect((await exchange(stopped.port, request(AUTH, [signed()]))).status).toBe(200);
  await stopped.stop();
  expect(stopped.log.filter((line: LogLine) => line.reason === 'accepted')).toHaveLength(1);
  expect(stopped.log.filter(isRefusal)).toEqual([]);
});

test.each([
  ['the disk is full', '>/dev/full'],
  ['nobody reads the pipe', '| sleep 60'],
  ['the reader of the pipe has exited', '| true'],
])('if the log cannot be written because %s, requests are still accepted', async (_, output) => {
  const port = await freePort();
  const command = `exec ${process.execPath} --conditions=source packages/server/src/cli/ajwtd.ts serve --listen 127.0.0.1:${port} --admin-listen off --database sqlite:${database}`;
  const child = spawn('sh', ['-c', `(${command}) ${output}`], { env: environment(), detached: true, stdio: 'ignore' });
  try {
    const send = async (lines: readonly string[]) => (await exchange(port, request(AUTH, lines))).status;
    await expect.poll(() => send([]).catch(() => 0)).toBe(401);
    // These fill the pipe: it holds 64 kB, and each line has about 400 bytes.
    for (let sent = 0; sent < 500; sent++) expect(await send([signed()])).toBe(200);
  } finally {
    process.kill(-(child.pid as number), 'SIGKILL');
  }
});

test('a server whose log nobody reads still stops', async () => {
  const fifo = inFolder('fifo');
  await mustRun('mkfifo', [fifo]);
  const output = openSync(fifo, constants.O_RDWR);
  const [, ...words] = COMMANDS.ajwtd;
  const port = await freePort();
  const args = ['serve', '--listen', `127.0.0.1:${port}`, '--admin-listen', 'off', '--database', `sqlite:${database}`];
  const child = spawn(process.execPath, [...words, ...args], {
    env: environment(),
    stdio: ['ignore', output, 'inherit'],
  });
  const ended = once(child, 'exit');
  await expect
    .poll(() =>
      exchange(port, request(AUTH, [])).then(
        ({ status }) => status,
        () => 0,
      ),
    )
    .toBe(401);
  for (let sent = 0; sent < 500; sent++) await exchange(port, request(AUTH, [signed()]));
  child.kill('SIGTERM');
  expect(await ended).toEqual([0, null]);
  closeSync(output);
});
