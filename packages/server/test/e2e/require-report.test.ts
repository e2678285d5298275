/** `--require-report` logs the requests that `--require` would refuse. */
import type { KeyObject } from 'node:crypto';
import { type Ajwtd, scratch, serve } from 'ajwt-testkit/ajwtd';
import { exchange, request } from 'ajwt-testkit/connection';
import { databaseWith, token } from 'ajwt-testkit/directory';
import { startUpstream, type Upstream } from 'ajwt-testkit/upstream';
import { afterAll, beforeAll, expect, test } from 'vitest';

const AUDIENCE = 'https://api.example.com';
const database = scratch()('report.db');
let keys: Map<string, KeyObject>;
let server: Ajwtd;
let upstream: Upstream;
beforeAll(async () => {
  keys = await databaseWith(database, ['alice', 'bob']);
  upstream = await startUpstream();
  const args = ['--audience', AUDIENCE, '--require', 'htm', '--require-report', 'aud,htm,target'];
  server = await serve({ database, args: [...args, '--nonces', 'memory', '--upstream', upstream.url] });
});
afterAll(() => server.stop());

let requests = 0;
async function send(user: string, bind: Record<string, string>) {
  const id = `test-${++requests}`;
  const authorization = `Authorization: JWT ${token(user, keys.get(user) as KeyObject, { bind: { v: 1, ...bind } })}`;
  const { status } = await exchange(server.port, request('/v1', [authorization, `X-Request-Id: ${id}`]));
  return { status, line: await server.logged(({ request_id }) => request_id === id) };
}
const warnings = () => server.log.filter(({ msg }) => msg.startsWith('accepted, but'));

test('a request without some of the members is accepted, and its line says which ones are missing', async () => {
  const { status, line } = await send('alice', { htm: 'GET' });
  expect(status).toBe(200);
  expect(line).toMatchObject({ reason: 'accepted', lacking: 'aud,target' });
});

test('a warning names each user and key once a minute', async () => {
  await send('alice', { htm: 'GET' });
  await send('bob', { htm: 'GET', aud: AUDIENCE });
  const [alice, bob, ...more] = warnings();
  expect(alice).toMatchObject({ level: 'warn', username: 'alice', lacking: 'aud,target' });
  expect(alice?.key).toMatch(/^SHA256:/);
  expect(bob).toMatchObject({ username: 'bob', lacking: 'target' });
  expect(more).toEqual([]);
});

test('a request with all members is not reported, and one that --require refuses is refused', async () => {
  const bound = await send('bob', { htm: 'GET', aud: AUDIENCE, target: '/v1' });
  expect([bound.status, bound.line.lacking]).toEqual([200, undefined]);
  const refused = await send('bob', { aud: AUDIENCE });
  expect(refused.line).toMatchObject({ reason: 'binding_required', status: 401 });
  expect(refused.line).not.toHaveProperty('lacking');
  const mismatched = await send('bob', { htm: 'POST', aud: AUDIENCE });
  expect(mismatched.line).toMatchObject({ reason: 'binding_mismatch', status: 401 });
  expect(warnings()).toHaveLength(2);
});

test('the log says at startup what is only reported', () => {
  const settings = server.log.find(({ msg }) => msg === 'security settings');
  expect(settings).toMatchObject({ require: ['htm'], requireReport: ['aud', 'htm', 'target'] });
});
