import type { AuthenticationEvent, AuthenticationRequest } from 'asymmetric-jwt-auth';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { decisionLog } from '../../src/gateway/refusal-log.ts';

function makeLog(level = 'info') {
  const lines: Record<string, unknown>[] = [];
  const log = pino({ level, base: null, timestamp: false }, { write: (line) => lines.push(JSON.parse(line)) });
  const clock = { now: 0 };
  const decide = decisionLog(log, () => clock.now);
  const write = (event: AuthenticationEvent, request: Partial<AuthenticationRequest> = {}) =>
    decide(event, { authorization: undefined, ...request });
  return { lines, clock, write };
}

const garbage: AuthenticationEvent = {
  reason: 'malformed',
  detail: 'not_a_token',
  verified: false,
  sentence: 'No token.',
};
const replayed: AuthenticationEvent = {
  reason: 'replayed',
  verified: true,
  username: 'guido',
  kid: 'k',
  sentence: 'Used.',
};

test('of what strangers send, ten lines a second are written, and how many were not', () => {
  const { lines, clock, write } = makeLog();
  for (let count = 0; count < 500; count++) write(garbage);
  expect(lines).toHaveLength(10);
  expect(lines[0]).toMatchObject({ reason: 'malformed', detail: 'not_a_token', msg: 'No token.' });
  clock.now = 1000;
  write(garbage);
  expect(lines).toHaveLength(12);
  expect(lines[10]).toMatchObject({ refusals: 490, msg: 'more refusals were not logged' });
});

test('a flood of garbage hides no refusal of a proven caller', () => {
  const { lines, write } = makeLog();
  for (let count = 0; count < 500; count++) write(garbage);
  write(replayed);
  expect(lines.at(-1)).toMatchObject({ reason: 'replayed', username: 'guido', kid: 'k', msg: 'Used.' });
});

test('our own trouble is an error, with its cause, and does not flood the log either', () => {
  const { lines, write } = makeLog();
  const trouble: AuthenticationEvent = {
    reason: 'unavailable',
    verified: false,
    cause: new Error('the database is locked'),
    sentence: 'Cannot check.',
  };
  for (let count = 0; count < 500; count++) write(trouble);
  expect(lines).toHaveLength(10);
  expect(lines[0]).toMatchObject({ level: 50, cause: 'the database is locked' });
});

test('accepted requests are written at the level debug only', () => {
  const accepted: AuthenticationEvent = { reason: 'accepted', verified: true, username: 'guido', sentence: 'In.' };
  const quiet = makeLog();
  quiet.write(accepted);
  expect(quiet.lines).toEqual([]);
  const talkative = makeLog('debug');
  talkative.write(accepted);
  expect(talkative.lines).toMatchObject([{ username: 'guido', msg: 'accepted' }]);
});

test('who asked, and what for, is written without the query, and cannot steer a terminal', () => {
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
