/** Checks which test files each command runs. The failures of a file that no command runs would go unnoticed. */
import { globSync } from 'node:fs';
import { resolve } from 'node:path';
import { mustRun } from 'ajwt-testkit/run';
import { expect, test } from 'vitest';

/** Returns the files that Vitest runs with a configuration, each file once for each project that contains it. */
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

test('npm run test:all runs every other file once, and some again on other versions of Node', async () => {
  const others = [...files('packages/*/test/**/*.test.ts'), ...files('test/**/*.test.ts')];
  const interop = new Set(files('test/interop/**/*.test.ts'));
  expect(await filesRunWith('vitest.config.ts')).toEqual(others.filter((file) => !interop.has(file)).sort());
});
