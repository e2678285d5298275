/** Every client signs the request target that it sends (spec/PROTOCOL.md §5). */
import { afterAll, describe, expect, test } from 'vitest';
import { checkClient, requestLines } from './request-lines.ts';

const RUNS = 60;
const lines = await requestLines();
afterAll(() => lines.close());

describe('the request line contains the signed target', () => {
  test.each(Object.keys(lines.clients))('from %s', async (name) => {
    expect(await checkClient(lines, name, { numRuns: RUNS })).toBeGreaterThan(RUNS / 4);
  });
});
