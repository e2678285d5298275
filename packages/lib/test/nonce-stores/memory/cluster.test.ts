import { fileURLToPath } from 'node:url';
import { mustRun } from 'ajwt-testkit/run';
import { expect, test } from 'vitest';

test('memoryNonceStore refuses to work in a worker of node:cluster, and says what to do', async () => {
  const program = fileURLToPath(new URL('cluster-worker.ts', import.meta.url));
  const printed = await mustRun(process.execPath, ['--conditions=source', program]);
  expect(printed).toContain('UnavailableError: the memory nonce store does not work under node:cluster');
  expect(printed).toContain('use a store that they share');
});
