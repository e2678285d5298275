/** Sends random bytes to both listeners: each connection gets an allowed response or none, and other requests are not affected. */
import type { KeyObject } from 'node:crypto';
import { type Ajwtd, scratch, serve } from 'ajwt-testkit/ajwtd';
import { Connection, exchange, request } from 'ajwt-testkit/connection';
import { databaseWith, token } from 'ajwt-testkit/directory';
import { startUpstream, type Upstream } from 'ajwt-testkit/upstream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { rawConnections } from './raw-requests.ts';

const SEED = 20_261_130;
const CONNECTIONS = 600;
/** Number of simultaneous connections. */
const LANES = 12;
/** Allowed statuses for requests without a token: never a 5xx, and 200 only for public paths. */
const ALLOWED = new Set(['100', '400', '401', '404', '405', '408', '413', '431']);
/** The admin listener also refuses requests with another Host. */
const ALLOWED_BY_ADMIN = new Set([...ALLOWED, '403']);

const database = scratch()('fuzz.db');
let alice: KeyObject;
let upstream: Upstream;
let server: Ajwtd;
beforeAll(async () => {
  alice = (await databaseWith(database, ['alice'])).get('alice') as KeyObject;
  upstream = await startUpstream();
  const args = ['--upstream', upstream.url, '--trusted-proxy', '127.0.0.1', '--admin-listen', '127.0.0.1:0'];
  server = await serve({ database, args });
});
afterAll(async () => {
  expect(await server.stop()).toEqual({ code: 0, signal: null });
});

const signed = () => `Authorization: JWT ${token('alice', alice)}`;
const shown = (parts: readonly string[]) => JSON.stringify(parts).slice(0, 600);

/** Sends the parts over one connection and returns the status codes of all responses. */
async function statusesOf(port: number, parts: readonly string[]): Promise<string[]> {
  const connection = await Connection.open(port);
  for (const part of parts) connection.write(part);
  // Once a request that was sent later has its response, this connection gets no more responses.
  expect((await exchange(server.port, request('/.ajwt/auth', [signed()]))).status, shown(parts)).toBe(200);
  connection.socket.end();
  const responses = (await connection.rest()).toString('latin1');
  await connection.closed;
  expect(responses, shown(parts)).toMatch(/^(HTTP\/1\.1 |$)/);
  return [...responses.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => status as string);
}

/** Opens all connections, a few at a time. */
async function sendAll(port: number, connections: readonly (readonly string[])[], allowed: ReadonlySet<string>) {
  const seen = new Map<string, number>();
  let next = 0;
  async function lane(): Promise<void> {
    for (let at = next++; at < connections.length; at = next++) {
      const parts = connections[at] as readonly string[];
      for (const status of await statusesOf(port, parts)) {
        expect(allowed.has(status), `${status} for ${shown(parts)}`).toBe(true);
        seen.set(status, (seen.get(status) ?? 0) + 1);
      }
    }
  }
  await Promise.all(Array.from({ length: LANES }, lane));
  return seen;
}

function expectUnharmed(from: number): void {
  const failures = server.log.slice(from).filter(({ level }) => level === 'error' || level === 'fatal');
  expect(failures, 'no internal error').toEqual([]);
}

describe(`random requests with the seed ${SEED}`, () => {
  test('get only allowed responses from the public listener, and the next good request is accepted', async () => {
    const from = server.log.length;
    const seen = await sendAll(server.port, rawConnections(SEED, CONNECTIONS), ALLOWED);
    // The random requests reach the parser, the decision and the routes.
    for (const status of ['400', '401', '404', '405']) expect(seen.get(status), status).toBeGreaterThan(15);
    expect(upstream.seen, 'nothing reaches the application').toEqual([]);
    expectUnharmed(from);
    expect((await exchange(server.port, request('/v1', [signed()]))).text).toBe('hello');
  });

  test('get only allowed responses from the admin listener', async () => {
    const line = await server.logged(({ msg }) => msg.startsWith('admin listener: '));
    const port = Number(/:(\d+) /.exec(line.msg)?.[1]);
    const from = server.log.length;
    await sendAll(port, rawConnections(SEED + 1, CONNECTIONS / 4), ALLOWED_BY_ADMIN);
    expectUnharmed(from);
    expect((await exchange(port, request('/livez'))).status).toBe(200);
  });
});
