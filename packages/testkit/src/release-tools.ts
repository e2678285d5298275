/** Tools that only the tests of the packed packages use: Jest, checkers of packages, and types of other versions of Node. */
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '../../..');

/** Where the versions are pinned, in a `package.json` and its lock file. */
export const PINNED = resolve(ROOT, 'test/release-tools');

/** Where `scripts/install-test-tools.ts` installs them. */
export const RELEASE_TOOLS = resolve(ROOT, '.cache/release-tools');

/** Whether the pinned versions are installed: the lock file is copied after a complete installation. */
export function hasReleaseTools(): boolean {
  const copy = resolve(RELEASE_TOOLS, 'installed.json');
  return existsSync(copy) && readFileSync(copy).equals(readFileSync(resolve(PINNED, 'package-lock.json')));
}

/** Whether tests are skipped because the tools are not installed. `npm run test:all` skips none. */
export const lacksReleaseTools = process.env.AJWT_TEST_ALL === undefined && !hasReleaseTools();

/** What a test's name says when it is skipped for lack of the tools. */
export const NEEDS_RELEASE_TOOLS = lacksReleaseTools ? ' (needs tools that npm run test:all installs)' : '';

/** Returns the path of an installed tool. */
export function releaseTool(name: string): string {
  return join(RELEASE_TOOLS, 'node_modules/.bin', name);
}
