/** Checks the promise of `singleUse` on a store: whatever ids callers present at the same time, exactly one caller per id succeeds. */
import fc from 'fast-check';
import { expect } from 'vitest';
import { type IssuedId, SingleUseError } from '../../src/index.ts';

/** @param guards - functions that share a store; the calls are distributed among them */
export async function checkSingleUse(guards: readonly ((id: IssuedId) => Promise<void>)[], runs = 30): Promise<void> {
  let run = 0;
  const calls = fc.array(fc.record({ issuer: fc.nat(1), id: fc.nat(2), age: fc.nat(1) }), {
    minLength: 2,
    maxLength: 40,
  });
  await fc.assert(
    fc.asyncProperty(calls, async (all) => {
      run += 1;
      const now = Math.floor(Date.now() / 1000) + 1;
      const used = new Map<string, number>();
      await Promise.all(
        all.map(async ({ issuer, id, age }, index) => {
          const one = { issuer: `issuer ${issuer}`, id: `${run} ${id}`, issuedAt: now + age };
          const key = JSON.stringify(one);
          used.set(key, used.get(key) ?? 0);
          try {
            await guards[index % guards.length]?.(one);
            used.set(key, (used.get(key) as number) + 1);
          } catch (error) {
            expect(error).toBeInstanceOf(SingleUseError);
            expect(error).toMatchObject({ code: 'replayed' });
          }
        }),
      );
      expect([...used.values()].filter((times) => times !== 1)).toEqual([]);
    }),
    { numRuns: runs },
  );
}
