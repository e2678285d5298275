import { resolve } from 'node:path';
import { run } from 'ajwt-testkit/run';
import type { AuthenticationEvent } from 'asymmetric-jwt-auth';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { accessLog } from '../../src/gateway/access-log.ts';
import { Exchange } from '../../src/gateway/exchange.ts';
import type { AccessLogMode } from '../../src/serve-options.ts';

/** Makes an exchange with a client at 192.0.2.7. */
function exchangeOf(event: AuthenticationEvent | undefined, described: { method?: string; target?: string } = {}) {
  const request = { headers: {}, rawHeaders: [], socket: { remoteAddress: '192.0.2.7' } };
  const { method, target } = described;
  const exchange = new Exchange(request, { method, target }, () => false);
  exchange.event = event;
  return exchange.finish(event?.reason === 'accepted' ? 200 : 401, 0);
}

function makeLog(mode: AccessLogMode = 'all') {
  const lines: Record<string, unknown>[] = [];
  const push = (line: string) => lines.push(JSON.parse(line));
  const requests = accessLog(mode, { write: push }, pino({ base: null, timestamp: false }, { write: push }));
  const write = (event?: AuthenticationEvent, described = {}) => {
    requests.write(exchangeOf(event, described));
    vi.advanceTimersByTime(0);
  };
  return { lines, write, flush: requests.flush };
}

beforeEach(() => vi.useFakeTimers({ now: 0 }));
afterEach(() => vi.useRealTimers());

const garbage: AuthenticationEvent = {
  reason: 'malformed',
  detail: 'not_a_token',
  verified: false,
  message: 'No token.',
};
const replayed: AuthenticationEvent = {
  reason: 'replayed',
  verified: true,
  username: 'guido',
  kid: 'k',
  message: 'Used.',
};
const trouble: AuthenticationEvent = {
  reason: 'unavailable',
  verified: false,
  cause: new Error('the database is locked'),
  message: 'Cannot check.',
};

test('for requests without a valid signature, ten lines a second are logged, and the others are counted', () => {
  const { lines, write } = makeLog();
  for (let count = 0; count < 500; count++) write(garbage);
  expect(lines).toHaveLength(10);
  expect(lines[0]).toMatchObject({ reason: 'malformed', detail: 'not_a_token', msg: 'No token.' });
  vi.advanceTimersByTime(1000);
  expect(lines.slice(10)).toMatchObject([{ level: 40, refusals: 490, msg: 'more refusals were not logged' }]);
  write(garbage);
  expect(lines).toHaveLength(12);
});

test('for refusals of one user and key, ten lines a second are logged, and the others are counted', () => {
  const { lines, write } = makeLog();
  for (let count = 0; count < 23_000; count++) write(count % 2 === 0 ? replayed : { ...replayed, reason: 'stale' });
  expect(lines).toHaveLength(10);
  vi.advanceTimersByTime(1000);
  expect(lines.slice(10)).toMatchObject([{ username: 'guido', kid: 'k', refusals: 22_990 }]);
});

test('a flood with one key does not hide refusals of another user or another key', () => {
  const { lines, write } = makeLog();
  for (let count = 0; count < 500; count++) write(replayed);
  write({ ...replayed, username: 'ada' });
  write({ ...replayed, kid: 'other' });
  expect(lines.slice(10)).toMatchObject([
    { username: 'ada', kid: 'k' },
    { username: 'guido', kid: 'other' },
  ]);
});

test('for refusals of thousands of users, a hundred lines a second and a few counts are logged', () => {
  const { lines, write } = makeLog();
  for (let user = 0; user < 3000; user++) {
    for (let count = 0; count < 3; count++) write({ ...replayed, username: `user${user}` });
  }
  expect(lines).toHaveLength(100);
  vi.advanceTimersByTime(1000);
  const counts = lines.slice(100);
  expect(counts).toHaveLength(11);
  expect(counts.at(-1)).toMatchObject({ verified: true, msg: 'more refusals were not logged' });
  expect(counts.reduce((sum, { refusals }) => sum + Number(refusals), 0)).toBe(9000 - 100);
});

test('a flood of garbage does not hide refusals of signed tokens or failures of the server', () => {
  const { lines, write } = makeLog();
  for (let count = 0; count < 500; count++) write(garbage);
  write(replayed);
  expect(lines.at(-1)).toMatchObject({ reason: 'replayed', username: 'guido', kid: 'k', msg: 'Used.' });
  write(trouble);
  expect(lines.at(-1)).toMatchObject({ level: 'error', reason: 'unavailable', cause: 'the database is locked' });
});

test('failures of the server are logged as errors with their cause, and cannot flood the log', () => {
  const { lines, write } = makeLog();
  for (let count = 0; count < 500; count++) write(trouble);
  expect(lines).toHaveLength(10);
  expect(lines[0]).toMatchObject({ level: 'error', cause: 'the database is locked' });
  vi.advanceTimersByTime(1000);
  expect(lines.slice(10)).toMatchObject([{ reason: 'unavailable', refusals: 490 }]);
});

test('the number of refusals that were not logged is logged before the process ends', () => {
  const { lines, write, flush } = makeLog();
  for (let count = 0; count < 15; count++) write(replayed);
  for (let count = 0; count < 12; count++) write(garbage);
  flush();
  expect(lines.slice(20)).toMatchObject([{ refusals: 2 }, { username: 'guido', refusals: 5 }]);
  flush();
  vi.advanceTimersByTime(1000);
  expect(lines).toHaveLength(22);
});

test('a count that is not yet logged does not keep the process alive', async () => {
  const program = `
    import { lineQuota } from '${resolve('packages/server/src/gateway/line-quota.ts')}';
    const quota = lineQuota({ each: 1 }, () => console.log('reported'));
    for (let count = 0; count < 3; count++) quota.take('', undefined);
    console.log(process.getActiveResourcesInfo().includes('Timeout'));`;
  const { code, stdout } = await run(process.execPath, ['--input-type=module', '--eval', program]);
  expect({ code, stdout }).toEqual({ code: 0, stdout: 'false\n' });
});

const accepted: AuthenticationEvent = {
  reason: 'accepted',
  verified: true,
  username: 'guido',
  kid: 'k',
  message: 'In.',
};

test.each([
  ['all', ['accepted', 'replayed', 'malformed', 'unavailable']],
  ['refused', ['replayed', 'malformed', 'unavailable']],
  ['off', ['unavailable']],
] as const)('--access-log %s logs these reasons: %s', (mode, reasons) => {
  const { lines, write } = makeLog(mode);
  for (const event of [accepted, replayed, garbage, trouble]) write(event);
  write(undefined);
  expect(lines.map(({ reason }) => reason)).toEqual(reasons);
});

test('every accepted request is logged, because the nonce store limits the requests of a user', () => {
  const { lines, write } = makeLog();
  for (let count = 0; count < 2000; count++) write(accepted);
  expect(lines).toHaveLength(2000);
});

test('lines show the client and the path, without the query and without terminal escapes', () => {
  const { lines, write } = makeLog();
  write(replayed, { method: 'GET', target: '/a\u001b[31m"?token=secret' });
  expect(lines).toMatchObject([{ method: 'GET', path: '/a\\u{1b}[31m"', client: '192.0.2.7' }]);
  write(garbage, { method: `"${'X'.repeat(500)}`, target: `/${'x'.repeat(10_000)}` });
  expect(String(lines[1]?.path).length).toBeLessThan(210);
  expect(String(lines[1]?.method).length).toBeLessThan(30);
  write({ ...garbage, username: '"},{"reason":"accepted', kid: '"\\n' }, { target: '#?' });
  expect(lines[2]).toMatchObject({ reason: 'malformed', username: '"},{"reason":"accepted', kid: '"\\n', path: '' });
  expect(JSON.stringify(lines)).not.toContain('secret');
});

test('each line has its own time, even when a new second begins', () => {
  const { lines, write } = makeLog();
  for (const now of [999, 1000, 1007, 61_050]) {
    vi.setSystemTime(now);
    write(accepted);
  }
  expect(lines.map(({ time }) => time)).toEqual([999, 1000, 1007, 61_050].map((now) => new Date(now).toISOString()));
});
