/** Runs an attempt as if there were no memory left for arrays. */
import { vi } from 'vitest';

export function withoutMemory<Result>(attempt: () => Result): Result {
  vi.stubGlobal(
    'Int32Array',
    class {
      constructor() {
        throw new RangeError('Array buffer allocation failed');
      }
    },
  );
  try {
    return attempt();
  } finally {
    vi.unstubAllGlobals();
  }
}
