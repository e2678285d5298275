import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { clockSkew, readRegularly } from '../../src/metrics/regularly.ts';

beforeEach(() => vi.useFakeTimers({ now: 1_000_000 }));
afterEach(() => vi.useRealTimers());

test('a value is read at once and after each interval; a failed reading keeps the last value', async () => {
  const readings = [3, new Error('down'), Number.NaN, 5];
  const value = readRegularly(async () => {
    const next = readings.shift();
    if (next instanceof Error) throw next;
    return next as number;
  }, 1000);
  expect(value.last()).toBe(0);
  await vi.advanceTimersByTimeAsync(0);
  expect(value.last()).toBe(3);
  await vi.advanceTimersByTimeAsync(2000);
  expect([value.last(), readings]).toEqual([3, [5]]);
  await vi.advanceTimersByTimeAsync(1000);
  expect(value.last()).toBe(5);
  value.stop();
  await vi.advanceTimersByTimeAsync(10_000);
  expect(vi.getTimerCount()).toBe(0);
});

test('two readings never overlap', async () => {
  const read = vi.fn(() => new Promise<number>(() => {}));
  const value = readRegularly(read, 1000);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(read).toHaveBeenCalledTimes(1);
  value.stop();
});

test('the skew is the difference at the middle of the query', async () => {
  const skew = clockSkew(async () => {
    vi.setSystemTime(1_000_200);
    return 1003.1;
  });
  expect(await skew()).toBeCloseTo(3, 6);
});
