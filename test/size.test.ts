import { expect, test } from 'vitest';
import { benchSize } from '../bench/size.ts';

test('what is sold as small is small, minified and gzipped', async () => {
  const bounded = (await benchSize()).filter(({ budget }) => budget !== undefined);
  expect(bounded).toHaveLength(2);
  for (const { name, kilobytes, budget } of bounded)
    expect(kilobytes, `kB of ${name}`).toBeLessThanOrEqual(budget as number);
});
