/** Tests that the checker finds errors in logs. */
import { describe, expect, test } from 'vitest';
import { checkLog, type Entry, type SentToken } from './checker.ts';
import { REMAINDERS, type Trouble } from './remainders.ts';

const STRICT = { isRemainder: () => false, cuts: false };
const TOKEN: SentToken = { username: 'alice', time: 1000, nonce: 'a' };

function entry(sent: number, status: Entry['status'], members: Partial<Entry> = {}): Entry {
  return { token: TOKEN, server: 0, sent, done: sent + 0.1, status, ...members };
}

test('the checker accepts one 200 among refusals, and counts every response', () => {
  const statuses = [401, 200, 401, 429, 503] as const;
  const verdict = checkLog(
    statuses.map((status, index) => entry(1000 + index, status)),
    STRICT,
  );
  expect(verdict).toMatchObject({ requests: 5, accepted: 1, refused: 2, limited: 1, unavailable: 1, cut: 0 });
  expect([verdict.doubles, verdict.remainder, verdict.wrong]).toEqual([[], [], []]);
});

test('the checker finds a second 200 that comes much later, from another server or in another object, whatever the order of the log', () => {
  const others = Array.from({ length: 500 }, (_, index) =>
    entry(1000, 200, { token: { ...TOKEN, nonce: `${index}` } }),
  );
  const first = entry(1000, 200);
  const second = entry(1009, 200, { server: 1, token: { ...TOKEN } });
  for (const log of [
    [first, ...others, second],
    [second, ...others, first],
  ]) {
    expect(checkLog(log, STRICT).doubles).toEqual([{ first, second }]);
  }
});

test('the checker counts three 200s for one token as two doubles', () => {
  expect(checkLog([entry(1000, 200), entry(1001, 200), entry(1002, 200)], STRICT).doubles).toHaveLength(2);
});

test.each<Partial<SentToken>>([{ username: 'bob' }, { time: 1001 }, { nonce: 'b' }])(
  'the checker treats a token that differs in %o as a different token',
  (other) => {
    const log = [entry(1000, 200), entry(1001, 200, { token: { ...TOKEN, ...other } })];
    expect(checkLog(log, STRICT).doubles).toEqual([]);
  },
);

test.each([500, 502, 400, 404, 0, 'silent', 'cut'] as const)('the checker reports %s as a wrong response', (status) => {
  expect(checkLog([entry(1000, status)], STRICT).wrong).toHaveLength(1);
});

test('the checker allows a closed connection if the fault hits the server itself, but not a missing response', () => {
  const { wrong, cut } = checkLog([entry(1000, 'cut'), entry(1001, 'silent')], { ...STRICT, cuts: true });
  expect([wrong.map(({ status }) => status), cut]).toEqual([['silent'], 1]);
});

test('the checker allows a limited number of requests without a response if a server was killed', () => {
  const log = [entry(1000, 'silent'), entry(1001, 'silent'), entry(1002, 'silent')];
  const { wrong, silent } = checkLog(log, { ...STRICT, silent: 2 });
  expect([wrong, silent]).toEqual([[log[2]], 3]);
});

describe('a remainder includes only the documented doubles', () => {
  const troubles: readonly Trouble[] = [{ began: 999.5, healed: 1001.5 }];
  const pair = (time: number, first: number, second: number, server = 1) => ({
    first: entry(first, 200, { token: { ...TOKEN, time } }),
    second: entry(second, 200, { token: { ...TOKEN, time }, server }),
  });
  const onlyNew = (first: number, second: number) => ({
    first: entry(first, 200, { server: 1 }),
    second: entry(second, 200, { server: 1 }),
  });
  const CASES: readonly [
    remainder: keyof typeof REMAINDERS,
    what: string,
    pair: ReturnType<typeof pair>,
    is: boolean,
  ][] = [
    ['none', 'no double', pair(1001, 999, 1002), false],
    ['ahead', 'dated after the loss, used before it', pair(1001, 999, 1002), true],
    ['ahead', 'dated before the loss', pair(999, 999, 1002), false],
    ['ahead', 'used twice before the loss', pair(1001, 998, 999), false],
    ['ahead', 'used twice after the loss', pair(1002, 1002, 1003), false],
    ['second', 'dated in the same second as the loss', pair(999, 999, 1002), true],
    ['second', 'dated before that second', pair(998, 998, 1002), false],
    ['split', 'accepted once by each master while there were two', pair(1000, 1000, 1000.2), true],
    ['split', 'accepted twice by the old master', pair(1000, 1000, 1000.2, 0), false],
    ['split', 'accepted once by each server, after there was one master again', pair(1002, 1002, 1003), false],
    [
      'split',
      'accepted by the new master, and by the old one after it was the only master again',
      onlyNew(1001, 1002),
      true,
    ],
    ['split', 'accepted twice by the new master', onlyNew(1000, 1000.5), false],
    ['wrongClock', 'dated more than T + M ahead', pair(1007, 1000, 1007), true],
    ['wrongClock', 'dated T + M ahead', pair(1006, 1000, 1006), false],
  ];
  test.each(CASES)('%s: %s', (remainder, _what, double, is) => {
    expect(REMAINDERS[remainder](double, { troubles, keep: 6 })).toBe(is);
  });
});
