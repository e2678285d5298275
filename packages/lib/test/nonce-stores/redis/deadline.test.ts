import { expect, test, vi } from 'vitest';
import { Deadline } from '../../../src/nonce-stores/redis/deadline.ts';

test('the message of a late reply names the whole time limit, although part of it had passed', async () => {
  vi.useFakeTimers();
  try {
    const late = expect(new Deadline(150).keep(() => new Promise<void>(() => {}), 20)).rejects.toThrow(
      'Redis did not respond within 0.15 s',
    );
    await vi.advanceTimersByTimeAsync(20);
    await late;
  } finally {
    vi.useRealTimers();
  }
});
