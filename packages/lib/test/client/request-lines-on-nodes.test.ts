/** Every client signs the request target that it sends, on the oldest and the newest supported version of Node. */
import { resolve } from 'node:path';
import { OTHER_NODES } from 'ajwt-testkit/nodes';
import { mustRun } from 'ajwt-testkit/run';
import { afterAll, describe, expect, test } from 'vitest';
import { requestLines } from './request-lines.ts';

const RUNS = 60;
const lines = await requestLines();
afterAll(() => lines.close());

describe('the request line contains the signed target', () => {
  for (const { version, program, isMissing } of OTHER_NODES) {
    test.skipIf(isMissing).concurrent(`from every client on Node ${version}`, async () => {
      const words = [
        '--conditions=source',
        resolve(import.meta.dirname, 'request-lines.ts'),
        String(RUNS),
        randomSeed(),
      ];
      const counts: Record<string, number> = JSON.parse(await mustRun(program, words));
      expect(Object.keys(counts)).toEqual(Object.keys(lines.clients));
      for (const count of Object.values(counts)) expect(count).toBeGreaterThan(RUNS / 4);
    });
  }
});

/** Returns a random seed. If the program fails, it prints the seed with the counterexample. */
function randomSeed(): string {
  return String(Math.trunc(Math.random() * 2 ** 31));
}
