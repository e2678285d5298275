import { fileURLToPath } from 'node:url';
import { mustRun } from 'ajwt-testkit/run';
import { expect, test } from 'vitest';

test('memoryNonceStore refuses to work in a node:cluster worker, and says what to use', async () => {
  const program = fileURLToPath(new URL('cluster-worker.ts', import.meta.url));
  const printed = await mustRun(process.execPath, ['--conditions=source', program]);
  expect(printed).toContain(
    'UnavailableError: node:cluster workers cannot share memoryNonceStore; use sqlNonceStore or redisNonceStore',
  );
});
