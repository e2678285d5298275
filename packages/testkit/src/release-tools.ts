/** Finds the tools that only tests of the packed packages use: Jest, package checkers, and types of other versions of Node. */
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '../../..');

/** The folder whose `package.json` and lock file pin the versions. */
export const PINNED = resolve(ROOT, 'test/release-tools');

/** The folder in which `scripts/install-test-tools.ts` installs the tools. */
export const RELEASE_TOOLS = resolve(ROOT, '.cache/release-tools');

/** Returns whether the pinned versions are installed. A complete installation ends with a copy of the lock file. */
export function hasReleaseTools(): boolean {
  const copy = resolve(RELEASE_TOOLS, 'installed.json');
  return existsSync(copy) && readFileSync(copy).equals(readFileSync(resolve(PINNED, 'package-lock.json')));
}

/** Whether tests are skipped because the tools are not installed. `npm run test:all` skips none. */
export const lacksReleaseTools = process.env.AJWT_TEST_ALL === undefined && !hasReleaseTools();

/** The end of a test's name if the test is skipped because the tools are missing. */
export const NEEDS_RELEASE_TOOLS = lacksReleaseTools ? ' (needs tools that npm run test:all installs)' : '';

/** Returns the path of an installed tool. */
export function releaseTool(name: string): string {
  return join(RELEASE_TOOLS, 'node_modules/.bin', name);
}
