/** Finds packages that only some tests use, and that `scripts/install-test-tools.ts` installs outside of the project's own `node_modules`. */
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '../../..');

/** A folder of packages. */
export interface PinnedTools {
  /** What the packages are, for messages. */
  readonly what: string;
  /** The folder whose `package.json` and lock file pin the versions. */
  readonly pinned: string;
  /** The folder in which they are installed. */
  readonly folder: string;
  /** Returns whether the pinned versions are installed. A complete installation ends with a copy of the lock file. */
  isInstalled(): boolean;
  /** Whether tests are skipped because the packages are not installed. `npm run test:all` skips none. */
  readonly areMissing: boolean;
  /** The end of a test's name if the test is skipped because the packages are missing. */
  readonly note: string;
  /** Returns the path of an installed command. */
  command(name: string): string;
}

function pinnedTools(name: string, what: string): PinnedTools {
  const [pinned, folder] = [resolve(ROOT, 'test', name), resolve(ROOT, '.cache', name)];
  const isInstalled = () => {
    const copy = resolve(folder, 'installed.json');
    return existsSync(copy) && readFileSync(copy).equals(readFileSync(resolve(pinned, 'package-lock.json')));
  };
  const areMissing = process.env.AJWT_TEST_ALL === undefined && !isInstalled();
  const note = areMissing ? ' (needs tools that npm run test:all installs)' : '';
  const command = (program: string) => resolve(folder, 'node_modules/.bin', program);
  return { what, pinned, folder, isInstalled, areMissing, note, command };
}

/** Jest, package checkers, and types of other versions of Node, for the tests of the packed packages. */
export const RELEASE_TOOLS = pinnedTools('release-tools', 'Jest and the other tools that test the packages');

/** Frameworks that have install scripts, and older versions of frameworks that are in the project's own `node_modules`. */
export const FRAMEWORK_TOOLS = pinnedTools('framework-tools', 'Astro and NestJS 11');
