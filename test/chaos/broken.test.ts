/** The chaos suite, on stores that are broken on purpose: it finds what they do. */

import { lacksRedis } from 'ajwt-testkit/servers/redis';
import { expect, test } from 'vitest';
import { BROKEN } from './faults/broken.ts';
import { runFault } from './runner.ts';

const run = (fault: keyof typeof BROKEN) => runFault(BROKEN[fault], 1, () => {});

test('a store that looks first and writes later lets tokens in twice, and the log shows it', async () => {
  const { doubles, failures } = await run('check-then-record');
  expect(doubles.length).toBeGreaterThan(0);
  expect(failures.join()).toContain('let in twice');
});

test.skipIf(lacksRedis())(
  'a store without an epoch does after a loss, also with tokens of its past (needs redis-server)',
  async () => {
    const { doubles, failures } = await run('without-epoch');
    expect(doubles.length).toBeGreaterThan(0);
    expect(failures.join('\n')).toContain('let in twice');
    expect(failures.join('\n')).toContain('nothing was felt of it: no forgotten');
  },
);
