/** The test files that each command runs. Nobody would notice a failing file that no command runs. */
import { globSync } from 'node:fs';
import { resolve } from 'node:path';
import { mustRun } from 'ajwt-testkit/run';
import { expect, test } from 'vitest';

/** Returns the files that Vitest runs with a configuration, a file once for each project that has it. */
async function filesRunWith(config: string): Promise<string[]> {
  const words = ['list', '--filesOnly', '--json', '--config', config];
  const listed = await mustRun(resolve('node_modules/.bin/vitest'), words);
  return (JSON.parse(listed) as { file: string; projectName?: string }[])
    .filter(({ projectName }) => !projectName?.startsWith('Node '))
    .map(({ file }) => file)
    .sort();
}
const files = (pattern: string) => globSync(pattern).map((file) => resolve(file));

test('npm run test:interop runs the files of test/interop, and no others', async () => {
  expect(await filesRunWith('vitest.interop.config.ts')).toEqual(files('test/interop/**/*.test.ts').sort());
});

test('npm run test:all runs every other file once, apart from other versions of Node', async () => {
  const others = [...files('packages/*/test/**/*.test.ts'), ...files('test/**/*.test.ts')];
  const interop = new Set(files('test/interop/**/*.test.ts'));
  expect(await filesRunWith('vitest.config.ts')).toEqual(others.filter((file) => !interop.has(file)).sort());
});
