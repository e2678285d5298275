import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

/** Returns the largest size of the young generation of a busy process, in megabytes. V8 may let it grow to 128 MB. */
async function largestYoungGeneration(...words: readonly string[]): Promise<number> {
  const program = fileURLToPath(new URL('busy-heap.ts', import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, ['--max-semi-space-size=64', program, ...words]);
  return Number(stdout);
}

test('the young generation of a busy process stays small', async () => {
  expect(await largestYoungGeneration()).toBeGreaterThan(32);
  expect(await largestYoungGeneration('limited')).toBeLessThanOrEqual(32);
}, 30_000);
