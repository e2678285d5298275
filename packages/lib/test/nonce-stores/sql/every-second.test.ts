import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { everySecond } from '../../../src/nonce-stores/sql/every-second.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('everySecond repeats work that fails, until the signal is aborted', async () => {
  const end = new AbortController();
  const work = vi.fn(() => Promise.reject(new Error('driver has already been destroyed')));
  everySecond(work, end.signal);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(work).toHaveBeenCalledTimes(10);
  end.abort();
  expect(vi.getTimerCount()).toBe(0);
});

test('everySecond does not start the work while it is still running, or after the signal is aborted', async () => {
  const end = new AbortController();
  let finish = () => {};
  const work = vi.fn(() => new Promise<void>((resolve) => (finish = resolve)));
  everySecond(work, end.signal);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(work).toHaveBeenCalledTimes(1);
  finish();
  await vi.advanceTimersByTimeAsync(1000);
  expect(work).toHaveBeenCalledTimes(2);
  end.abort();
  finish();
  await vi.advanceTimersByTimeAsync(10_000);
  expect(work).toHaveBeenCalledTimes(2);
});
