/** 10 000 nonces, each claimed five times at once from three processes; `npm run race` does it with 100 000. */
import { describe, expect, test } from 'vitest';
import { race, total } from './race.ts';
import { SHARED_STORES } from './stores.ts';

const NONCES = 10_000;

describe.each(SHARED_STORES)('$name', ({ lacks, start }) => {
  const needs = lacks === undefined ? '' : ` (needs ${lacks})`;

  test.skipIf(lacks)(`gives each of ${NONCES} nonces once${needs}`, { timeout: 300_000 }, async () => {
    const { address, stop } = await start();
    try {
      const time = () => Math.floor(Date.now() / 1000);
      const result = await race(address, { nonces: NONCES, times: [2, 2, 1], users: 50, time });
      expect(result).toMatchObject({ twice: [], never: [], others: new Map(), claims: 5 * NONCES });
      expect([total(result, 'claimed'), total(result, 'replayed')]).toEqual([NONCES, 4 * NONCES]);
      expect(result.byProcess.filter(({ claimed = 0 }) => claimed > 0)).toHaveLength(3);
    } finally {
      await stop();
    }
  });
});
