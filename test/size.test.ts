import { expect, test } from 'vitest';
import { benchSize } from '../bench/size.ts';

test('the parts with a size limit are below it when minified and gzipped', async () => {
  const bounded = (await benchSize()).filter(({ budget }) => budget !== undefined);
  expect(bounded).toHaveLength(2);
  for (const { name, kilobytes, budget } of bounded)
    expect(kilobytes, `kB of ${name}`).toBeLessThanOrEqual(budget as number);
});
