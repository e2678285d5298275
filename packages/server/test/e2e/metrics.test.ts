/** `/metrics` on the admin listener, of one process and of several. */
import type { KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type Ajwtd, ajwtd, scratch, serve } from 'ajwt-testkit/ajwtd';
import { exchange, request } from 'ajwt-testkit/connection';
import { databaseWith, seconds, token } from 'ajwt-testkit/directory';
import { startUpstream } from 'ajwt-testkit/upstream';
import { beforeAll, describe, expect, test } from 'vitest';

const AUTH = '/.ajwt/auth';
const file = scratch();
const database = file('metrics.db');
let alice: KeyObject;
let upstream: Awaited<ReturnType<typeof startUpstream>>;
beforeAll(async () => {
  alice = (await databaseWith(database, ['alice'])).get('alice') as KeyObject;
  upstream = await startUpstream();
});

const signed = (claims: Record<string, unknown> = {}) => `Authorization: JWT ${token('alice', alice, claims)}`;

async function start(...args: readonly string[]): Promise<{ server: Ajwtd; admin: string; port: number }> {
  const server = await serve({ database, args: ['--admin-listen', '127.0.0.1:0', ...args] });
  const { msg } = await server.logged((line) => line.msg.startsWith('admin listener: '));
  const admin = /http:\S+/.exec(msg)?.[0] as string;
  return { server, admin, port: Number(new URL(admin).port) };
}
const scrape = async (admin: string) => (await fetch(`${admin}/metrics`)).text();
/** Returns the value of a series; NaN if there is no such series. */
async function value(admin: string, series: string): Promise<number> {
  const line = (await scrape(admin)).split('\n').find((one) => one.startsWith(`${series} `));
  return Number(line?.slice(series.length + 1));
}

test('decisions, durations and nonces are counted, and no name of a user or key appears', async () => {
  const { server, admin } = await start(
    '--upstream',
    upstream.url,
    '--require-report',
    'htm,target',
    '--nonces',
    'memory',
  );
  const used = signed();
  for (const lines of [[used], [used], [signed()], ['Authorization: JWT garbage']]) {
    await exchange(server.port, request('/v1', lines));
  }
  const text = await scrape(admin);
  for (const line of [
    'ajwtd_decisions_total{reason="accepted"} 2',
    'ajwtd_decisions_total{reason="replayed"} 1',
    'ajwtd_decisions_total{reason="malformed"} 1',
    'ajwtd_decisions_total{reason="key_retired"} 0',
    'ajwtd_request_duration_seconds_count{part="total"} 4',
    'ajwtd_request_duration_seconds_count{part="upstream"} 2',
    'ajwtd_require_report_total{member="target"} 2',
    'ajwtd_require_report_total{member="aud"} 0',
    'ajwtd_nonces_live 2',
    'ajwtd_requests_in_flight 0',
    'ajwtd_store_up{store="nonces"} 1',
    'ajwtd_store_up{store="users"} 1',
    'ajwtd_clock_skew_seconds 0',
    'ajwtd_access_log_dropped_total 0',
  ]) {
    expect(text.split('\n')).toContain(line);
  }
  expect(text).toMatch(/^ajwtd_build_info\{version="[\d.]+",node="[\d.]+"\} 1$/m);
  expect(text).not.toMatch(/alice|SHA256|127\.0\.0\.1|\/v1/);
  await server.stop();
});

test('requests in flight and requests beyond a limit are counted', async () => {
  const { server, admin } = await start('--upstream', upstream.url, '--nonces', 'memory');
  const { Connection } = await import('ajwt-testkit/connection');
  const connection = await Connection.open(server.port);
  const arrived = new Promise<void>((resolve) => {
    upstream.handle = () => resolve();
  });
  connection.write(request('/v1', [signed()]));
  await arrived;
  expect(await value(admin, 'ajwtd_requests_in_flight')).toBe(1);
  connection.destroy();
  upstream.handle = undefined;
  await expect.poll(() => value(admin, 'ajwtd_requests_in_flight')).toBe(0);
  const flood = await Connection.open(server.port);
  flood.write(request(AUTH, []).repeat(40));
  await expect.poll(() => value(admin, 'ajwtd_shed_total{limit="connection"}')).toBe(1);
  await server.stop();
});

test('keys that expire within 14 days are counted when the server starts', async () => {
  const other = file('expiring.db');
  await databaseWith(other, ['bob']);
  const [{ fingerprint }] = JSON.parse(
    (await ajwtd(['key', 'list', '--json', '--database', `sqlite:${other}`])).stdout,
  );
  const soon = new Date((seconds() + 13 * 86_400) * 1000).toISOString();
  expect(
    (await ajwtd(['key', 'set', fingerprint, '--expires', soon.slice(0, 10), '--database', `sqlite:${other}`])).code,
  ).toBe(0);
  const server = await serve({ database: other, args: ['--admin-listen', '127.0.0.1:0'] });
  const { msg } = await server.logged((line) => line.msg.startsWith('admin listener: '));
  await expect.poll(() => value(/http:\S+/.exec(msg)?.[0] as string, 'ajwtd_keys_expiring')).toBe(1);
  await server.stop();
});

test('docs/REFERENCE.md lists the metrics with their types, labels and meanings', async () => {
  const { server, admin } = await start('--workers', '2');
  await server.logged(({ msg }) => msg === 'all workers are listening');
  const text = await scrape(admin);
  const present = [...text.matchAll(/^# HELP (ajwtd_\w+) (.*)\n# TYPE \w+ (\w+)\n\w+(?:\{(.*?)\})?/gm)].map(
    ([, name, help, type, labels = '']) => {
      const names = [...labels.matchAll(/(\w+)="/g)].map(([, label]) => label).filter((label) => label !== 'le');
      return `| \`${name}\` | ${type} | ${names.map((label) => `\`${label}\``).join(', ') || '–'} | ${help} |`;
    },
  );
  const sections = readFileSync('docs/REFERENCE.md', 'utf8').split(/^## /m);
  const section = sections.find((one) => one.startsWith('Metrics\n')) ?? '';
  expect(section.split('\n').filter((line) => line.startsWith('| `'))).toEqual(present);
  await server.stop();
});

describe('with --workers 2', () => {
  test('the primary process adds up its workers, and counters do not fall when a worker is killed', async () => {
    const { server, admin } = await start('--workers', '2');
    await server.logged(({ msg }) => msg === 'all workers are listening');
    expect(server.log.filter(({ msg }) => msg.startsWith('admin listener: '))).toHaveLength(1);
    // Connections are given to the workers in turn.
    for (let sent = 0; sent < 10; sent++)
      expect((await exchange(server.port, request(AUTH, [signed()]))).status).toBe(200);
    expect(await value(admin, 'ajwtd_decisions_total{reason="accepted"}')).toBe(10);
    expect(await value(admin, 'ajwtd_workers')).toBe(2);
    expect(await value(admin, 'ajwtd_store_up{store="users"}')).toBe(1);
    expect(await value(admin, 'ajwtd_build_info')).toBeNaN();
    const { readdirSync } = await import('node:fs');
    const children = readdirSync(`/proc/${server.pid}/task`).flatMap((task) =>
      readFileSync(`/proc/${server.pid}/task/${task}/children`, 'utf8').trim().split(' '),
    );
    const from = server.log.length;
    process.kill(Number(children.find(Boolean)), 'SIGKILL');
    await server.logged(({ msg }) => msg === 'a worker exited; starting a new one', from);
    expect(await value(admin, 'ajwtd_decisions_total{reason="accepted"}')).toBe(10);
    await server.logged(({ msg }) => msg.startsWith('listening on '), from);
    expect((await exchange(server.port, request(AUTH, [signed()]))).status).toBe(200);
    await expect.poll(() => value(admin, 'ajwtd_workers')).toBe(2);
    expect(await value(admin, 'ajwtd_decisions_total{reason="accepted"}')).toBe(11);
    expect((await fetch(`${admin}/readyz`)).status).toBe(200);
    expect(await server.stop()).toEqual({ code: 0, signal: null });
  });
});

describe('the admin listener', () => {
  test('sends security headers with every response, and under other names, responds only to probes', async () => {
    const { server, admin, port } = await start('--nonces', 'memory', '--admin-url', 'https://ajwt.example');
    for (const path of ['/livez', '/readyz', '/metrics', '/elsewhere']) {
      for (const method of ['GET', 'POST']) {
        const { headers } = await fetch(admin + path, { method });
        expect(headers.get('x-content-type-options')).toBe('nosniff');
        expect(headers.get('x-frame-options')).toBe('DENY');
        expect(headers.get('content-security-policy')).toMatch(/^default-src 'none'/);
        expect(headers.get('cache-control')).toBe('no-store');
        expect(headers.get('access-control-allow-origin')).toBeNull();
      }
    }
    const from = async (host: string, path: string) =>
      (await exchange(port, `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)).status;
    for (const path of ['/livez', '/readyz', '/metrics']) expect(await from('evil.example', path)).toBe(200);
    expect(await from('evil.example', '/elsewhere')).toBe(403);
    expect(await from('ajwt.example', '/elsewhere')).toBe(404);
    expect(await from('localhost', '/metrics/')).toBe(404);
    expect(await from('evil.example', '/metrics/..')).toBe(403);
    await server.stop();
  });
});
