/** A machine that has no memory left for arrays, for as long as something is tried. */
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
