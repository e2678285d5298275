/** Claims many nonces at the same time, including repeated nonces and nearly equal times, and checks each outcome. */
import fc from 'fast-check';
import { expect } from 'vitest';
import type { NonceClaim, NonceStore } from '../../src/index.ts';

/** Fractions of a second, two of which differ only in the last bit. */
const FRACTIONS = [0, 0.25, 0.1, 0.10000014305114746, 0.482, 0.9999997615814209];

/**
 * @param store - it must accept tokens dated in this second
 * @param runs - the number of groups of concurrent claims
 */
export async function checkConcurrentClaims(store: NonceStore, runs: number): Promise<void> {
  let run = 0;
  const claims = fc.array(
    fc.record({
      username: fc.constantFrom('alice', 'bob', '\ud800', ''),
      fraction: fc.constantFrom(...FRACTIONS),
      nonce: fc.constantFrom<string | number>('1', 1, -0, 'ü', 'a,b', '{"', '\\', 0.1),
    }),
    { minLength: 1, maxLength: 150 },
  );
  await fc.assert(
    fc.asyncProperty(claims, async (list) => {
      run += 1;
      const second = Math.floor(Date.now() / 1000) + 1;
      const nonces = list.map(({ username, fraction, nonce }): NonceClaim => {
        return { username: `${run} ${username}`, time: second + fraction, nonce };
      });
      const outcomes = await Promise.all(nonces.map((nonce) => store.claim(nonce, Date.now() / 1000)));
      const claimed = new Set<string>();
      for (const [index, { username, time, nonce }] of nonces.entries()) {
        if (outcomes[index] !== 'claimed') {
          expect(outcomes[index]).toBe('replayed');
          continue;
        }
        const name = JSON.stringify([username, time, nonce]);
        expect(claimed, 'nonces claimed before').not.toContain(name);
        claimed.add(name);
      }
      const names = new Set(nonces.map(({ username, time, nonce }) => JSON.stringify([username, time, nonce])));
      expect(claimed).toEqual(names);
      for (const nonce of nonces) expect(await store.claim(nonce, Date.now() / 1000)).toBe('replayed');
    }),
    { numRuns: runs },
  );
}
