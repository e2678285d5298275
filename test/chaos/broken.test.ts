/** Tests that the chaos suite detects stores that are broken on purpose. */

import { lacksRedis } from 'ajwt-testkit/servers/redis';
import { expect, test } from 'vitest';
import { BROKEN } from './faults/broken.ts';
import { runFault } from './runner.ts';

const run = (fault: keyof typeof BROKEN) => runFault(BROKEN[fault], 1, () => {});

test('the suite finds tokens that a store accepts twice because it checks first and writes later', async () => {
  const { doubles, failures } = await run('check-then-record');
  expect(doubles.length).toBeGreaterThan(0);
  expect(failures.join()).toContain('accepted twice');
});

test.skipIf(lacksRedis())(
  'the suite finds tokens that a store accepts twice because it does not notice a loss of data (needs redis-server)',
  async () => {
    const { doubles, failures } = await run('without-epoch');
    expect(doubles.length).toBeGreaterThan(0);
    expect(failures.join('\n')).toContain('accepted twice');
    expect(failures.join('\n')).toContain('the fault had no visible effect: no forgotten');
  },
);
