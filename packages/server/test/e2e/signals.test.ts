/** `ajwtd serve` stops on a signal. */
import { spawn } from 'node:child_process';
import type { KeyObject } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Ajwtd, scratch, serve } from 'ajwt-testkit/ajwtd';
import { hasProgram } from 'ajwt-testkit/command';
import { Connection, exchange, request } from 'ajwt-testkit/connection';
import { databaseWith, token } from 'ajwt-testkit/directory';
import { COMMANDS, commandEnvironment } from 'ajwt-testkit/program';
import { startUpstream, type Upstream } from 'ajwt-testkit/upstream';
import { beforeAll, describe, expect, test } from 'vitest';

const path = scratch();
const database = path('signals.db');
let alice: KeyObject;
let upstream: Upstream;
beforeAll(async () => {
  alice = (await databaseWith(database, ['alice'])).get('alice') as KeyObject;
  upstream = await startUpstream();
});

const signed = () => `Authorization: JWT ${token('alice', alice)}`;
const start = () => serve({ database, args: ['--upstream', upstream.url] });

/** Sends a request, and returns when the application has received it but not yet responded. */
async function underWay(server: Ajwtd): Promise<{ connection: Connection; response: ServerResponse }> {
  const arrived = new Promise<ServerResponse>((done) => {
    upstream.handle = (_incoming: IncomingMessage, response: ServerResponse) => done(response);
  });
  const connection = await Connection.open(server.port);
  connection.write(request('/v1', [signed()]));
  return { connection, response: await arrived };
}

/** Waits until the port refuses connections. A connection that was accepted just before that must be closed. */
async function refusesConnections(port: number): Promise<void> {
  for (;;) {
    const late = await Connection.open(port).catch((error: NodeJS.ErrnoException) => error.code);
    if (typeof late === 'object') await late.closed;
    else return expect(late).toBe('ECONNREFUSED');
  }
}

describe.each(['SIGTERM', 'SIGINT'] as const)('%s', (signal) => {
  test('the server finishes requests in flight, refuses new connections and exits with code 0', async () => {
    const server = await start();
    const idle = await Connection.open(server.port);
    idle.write(request('/.ajwt/auth', [signed()]));
    expect((await idle.answer()).status).toBe(200);
    const { connection, response } = await underWay(server);

    server.signal(signal);
    expect(await server.logged((line) => line.msg === 'stopping')).toMatchObject({ signal, inFlight: 1 });
    await idle.closed;
    await refusesConnections(server.port);

    response.write('one ');
    response.end('and two');
    expect((await connection.answer()).text).toBe('one and two');
    await connection.closed;
    expect(await server.ended).toEqual({ code: 0, signal: null });
    expect(server.log.at(-1)).toMatchObject({ msg: 'stopped', signal, cut: 0 });
  });

  test('a second signal stops the server at once', async () => {
    const server = await start();
    const { connection } = await underWay(server);
    server.signal(signal);
    await server.logged((line) => line.msg === 'stopping');
    server.signal(signal);
    expect(await server.ended).toEqual({ code: 1, signal: null });
    await connection.closed;
    expect(server.log.some(({ msg }) => msg === 'stopped')).toBe(false);
    expect(server.log.find(({ msg }) => msg === 'a second signal ends the server at once')).toMatchObject({ cut: 1 });
  });
});

test.skipIf(!hasProgram('script', '--version'))(
  'a server in a terminal ends when the terminal is closed (needs script)',
  async () => {
    const words = ['serve', '--database', `sqlite:${database}`, '--listen', '127.0.0.1:0', '--admin-listen', 'off'];
    const log = path('terminal.log');
    const pid = path('pid');
    const server = [...COMMANDS.ajwtd, ...words].map((word) => `'${word}'`).join(' ');
    const command = `echo $$ > '${pid}'; exec ${server} > '${log}'`;
    const terminal = spawn('script', ['-qfc', command, '/dev/null'], { env: commandEnvironment(), stdio: 'pipe' });
    const logged = () => (existsSync(log) ? readFileSync(log, 'utf8') : '');
    await expect.poll(logged).toContain('"msg":"listening on ');
    terminal.kill('SIGKILL');
    try {
      await expect.poll(logged).toContain('"signal":"SIGHUP","cut":0,"msg":"stopped"');
    } catch (error) {
      process.kill(Number(readFileSync(pid, 'utf8')), 'SIGKILL');
      throw error;
    }
  },
);

test('a request that does not finish within 10 s is cut off and counted', async () => {
  const server = await start();
  const { connection } = await underWay(server);
  server.signal('SIGTERM');
  expect(await server.logged((line) => line.msg === 'stopped')).toMatchObject({ signal: 'SIGTERM', cut: 1 });
  await connection.closed;
  expect(await server.ended).toEqual({ code: 0, signal: null });
});

test('a request on an open connection is served while the server stops, and is the last on its connection', async () => {
  const server = await start();
  const { connection, response } = await underWay(server);
  connection.write(request('/.ajwt/auth', [signed()]));
  server.signal('SIGTERM');
  await server.logged((line) => line.msg === 'stopping');
  response.end('first');
  expect((await connection.answer()).text).toBe('first');
  expect((await connection.answer()).status).toBe(200);
  await connection.closed;
  expect(await server.ended).toEqual({ code: 0, signal: null });
});

test('a used token stays used after a restart', async () => {
  const first = await start();
  const bytes = request('/.ajwt/auth', [signed()]);
  expect((await exchange(first.port, bytes)).status).toBe(200);
  await first.stop();
  const second = await start();
  expect((await exchange(second.port, bytes)).header('www-authenticate')).toContain('error="replayed"');
  await second.stop();
});
