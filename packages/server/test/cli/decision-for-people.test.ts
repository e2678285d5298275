import type { Io } from 'ajwt-cli-kit';
import { expect, test } from 'vitest';
import { decisionForPeople } from '../../src/cli/decision-for-people.ts';

/** Writes without colors. */
const io: Pick<Io, 'paint'> = { paint: (_, text) => text };

test('an accepted request is one line', () => {
  const line = {
    time: '2026-11-30T12:30:59.123Z',
    reason: 'accepted',
    msg: 'accepted',
    username: 'guido',
    method: 'GET',
  };
  expect(decisionForPeople(io, { ...line, path: '/v1', client: '192.0.2.7', key: 'SHA256:x', status: 200 })).toBe(
    '12:30:59  accepted  guido  GET  /v1  from 192.0.2.7  key SHA256:x  status 200',
  );
});

test('a refusal is followed by what to do, and by its detail or cause', () => {
  const line = { time: '2026-11-30T12:30:59.123Z', reason: 'malformed', msg: 'See the detail.', detail: 'no_token' };
  expect(decisionForPeople(io, line)).toBe(
    '12:30:59  malformed\n          The Authorization header has no token. (no_token)',
  );
});

test('nothing can control the terminal, and escapes of the server are kept', () => {
  const line = { time: '2026-11-30T12:30:59.123Z', reason: 'unavailable', msg: 'Try again.' };
  const shown = decisionForPeople(io, { ...line, username: 'a\\u{7}', cause: 'down\u001b[31m\n', path: '/\u202e' });
  expect(shown).toBe('12:30:59  unavailable  a\\u{7}  /\\u{202e}\n          Try again. (down\\u{1b}[31m\\u{a})');
});

test('decisions that were left out are counted', () => {
  expect(decisionForPeople(io, { dropped: 12 })).toBe('12 decisions were left out: there were too many');
});
