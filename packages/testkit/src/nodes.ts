/** Other versions of Node that the packages support: `scripts/install-test-tools.ts` installs them from the npm package `node`. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';

/** One version of Node. */
export interface OtherNode {
  readonly version: string;
  /** Where it is installed, with a `package.json` of its own. */
  readonly folder: string;
  /** The executable. */
  readonly program: string;
  /** Whether tests on this version are skipped because it is not installed. `npm run test:all` skips none. */
  readonly isMissing: boolean;
}

/** The oldest supported version and the newest one; the tests themselves run on the one in `devDependencies`. */
export const OTHER_NODES: readonly OtherNode[] = ['22.18.0', '26.10.0'].map((version) => {
  const folder = resolve(import.meta.dirname, '../../../.cache/node', version);
  const program = resolve(folder, 'node_modules/node/bin/node');
  return { version, folder, program, isMissing: process.env.AJWT_TEST_ALL === undefined && !existsSync(program) };
});
