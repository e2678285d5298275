/** Lists other versions of Node that the packages support. `scripts/install-test-tools.ts` installs them from the npm package `node`. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';

/** One version of Node. */
export interface OtherNode {
  readonly version: string;
  /** The folder in which it is installed, with a separate `package.json`. */
  readonly folder: string;
  /** The executable. */
  readonly program: string;
  /** Whether tests on this version are skipped because it is not installed. `npm run test:all` skips none. */
  readonly isMissing: boolean;
}

/** The oldest and the newest supported version. The tests themselves run on the version in `devDependencies`. */
export const OTHER_NODES: readonly OtherNode[] = ['22.18.0', '26.10.0'].map((version) => {
  const folder = resolve(import.meta.dirname, '../../../.cache/node', version);
  const program = resolve(folder, 'node_modules/node/bin/node');
  return { version, folder, program, isMissing: process.env.AJWT_TEST_ALL === undefined && !existsSync(program) };
});
