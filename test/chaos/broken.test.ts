/** Tests that the chaos suite detects stores that are broken on purpose. */

import { lacksRedis } from 'ajwt-testkit/servers/redis';
import { expect, test } from 'vitest';
import { BROKEN } from './faults/broken.ts';
import { runFault } from './runner.ts';

const run = (fault: keyof typeof BROKEN) => runFault(BROKEN[fault], 1, () => {});

test('finds tokens accepted twice by a store that checks first and writes later', async () => {
  const { doubles, failures } = await run('check-then-record');
  expect(doubles.length).toBeGreaterThan(0);
  expect(failures.join()).toContain('accepted twice');
});

test.skipIf(lacksRedis())(
  'finds tokens accepted twice after a loss by a store that does not notice the loss (needs redis-server)',
  async () => {
    const { doubles, failures } = await run('without-epoch');
    expect(doubles.length).toBeGreaterThan(0);
    expect(failures.join('\n')).toContain('accepted twice');
    expect(failures.join('\n')).toContain('the fault had no visible effect: no forgotten');
  },
);
