import { resolve } from 'node:path';
import { run } from 'ajwt-testkit/run';
import type { AuthenticationEvent, AuthenticationRequest } from 'asymmetric-jwt-auth';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { decisionLog } from '../../src/gateway/decision-log.ts';

function makeLog(level = 'info') {
  const lines: Record<string, unknown>[] = [];
  const log = pino({ level, base: null, timestamp: false }, { write: (line) => lines.push(JSON.parse(line)) });
  const decisions = decisionLog(log);
  const write = (event: AuthenticationEvent, request: Partial<AuthenticationRequest> = {}) =>
    decisions.write(event, { authorization: undefined, ...request });
  return { lines, write, flush: decisions.flush };
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
  expect(lines.at(-1)).toMatchObject({ level: 50, reason: 'unavailable', cause: 'the database is locked' });
});

test('failures of the server are logged as errors with their cause, and cannot flood the log', () => {
  const { lines, write } = makeLog();
  for (let count = 0; count < 500; count++) write(trouble);
  expect(lines).toHaveLength(10);
  expect(lines[0]).toMatchObject({ level: 50, cause: 'the database is locked' });
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

test('accepted requests are logged only at level debug', () => {
  const accepted: AuthenticationEvent = { reason: 'accepted', verified: true, username: 'guido', message: 'In.' };
  const quiet = makeLog();
  quiet.write(accepted);
  expect(quiet.lines).toEqual([]);
  const talkative = makeLog('debug');
  talkative.write(accepted);
  expect(talkative.lines).toMatchObject([{ username: 'guido', msg: 'accepted' }]);
});

test('lines show the client and the path, without the query and without terminal escapes', () => {
  const { lines, write } = makeLog();
  write(replayed, {
    method: 'GET',
    target: '/a\u001b[31m?token=secret',
    context: '192.0.2.7',
    authorization: 'JWT secret',
  });
  expect(lines).toMatchObject([{ method: 'GET', path: '/a\\u{1b}[31m', peer: '192.0.2.7' }]);
  write(garbage, { target: `/${'x'.repeat(10_000)}` });
  expect(String(lines[1]?.path).length).toBeLessThan(210);
  expect(JSON.stringify(lines)).not.toContain('secret');
});
