import { pino } from 'pino';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type UpstreamFailure, upstreamFailureLog } from '../../src/gateway/upstream-failure-log.ts';

function makeLog() {
  const lines: Record<string, unknown>[] = [];
  const log = pino({ base: null, timestamp: false }, { write: (line) => lines.push(JSON.parse(line)) });
  return { lines, ...upstreamFailureLog(log) };
}

beforeEach(() => vi.useFakeTimers({ now: 0 }));
afterEach(() => vi.useRealTimers());

const refused: UpstreamFailure = { upstream: 'http://127.0.0.1:1', status: 502, cause: 'ECONNREFUSED' };

test('the log contains ten failures a second, and a count of the others', () => {
  const { lines, write } = makeLog();
  for (let count = 0; count < 5000; count++) write(refused);
  expect(lines).toHaveLength(10);
  expect(lines[0]).toMatchObject({ level: 40, ...refused });
  vi.advanceTimersByTime(1000);
  expect(lines.slice(10)).toMatchObject([
    { ...refused, failures: 4990, msg: 'more failed requests to the application were not logged' },
  ]);
  write(refused);
  expect(lines).toHaveLength(12);
});

test('during a flood, the log still shows a failure with another cause, but has at most 20 lines a second in total', () => {
  const { lines, write } = makeLog();
  for (let count = 0; count < 500; count++) write(refused);
  write({ ...refused, status: 504, cause: 'timeout' });
  expect(lines.at(-1)).toMatchObject({ status: 504, cause: 'timeout' });
  for (let status = 0; status < 500; status++) write({ ...refused, cause: `invalid status ${status}` });
  expect(lines).toHaveLength(20);
});

test('the count is logged before the process ends', () => {
  const { lines, write, flush } = makeLog();
  for (let count = 0; count < 12; count++) write(refused);
  flush();
  expect(lines.slice(10)).toMatchObject([{ ...refused, failures: 2 }]);
  flush();
  vi.advanceTimersByTime(1000);
  expect(lines).toHaveLength(11);
});
