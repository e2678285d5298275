/** Lists Bun and Deno. `scripts/install-test-tools.ts` installs them from the npm packages of these names. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';

/** A JavaScript runtime other than Node. */
export interface Runtime {
  readonly name: 'bun' | 'deno';
  readonly version: string;
  /** The folder in which it is installed, with a separate `package.json`. */
  readonly folder: string;
  /** The executable, and the words that make it run a TypeScript file with all permissions. */
  readonly command: readonly [program: string, ...words: string[]];
  /** Whether tests on this runtime are skipped because it is not installed. `npm run test:all` skips none. */
  readonly isMissing: boolean;
}

const VERSIONS = [
  { name: 'bun', version: '1.4.5', words: [] },
  { name: 'deno', version: '2.9.6', words: ['run', '--allow-all'] },
] as const;

export const RUNTIMES: readonly Runtime[] = VERSIONS.map(({ name, version, words }) => {
  const folder = resolve(import.meta.dirname, '../../../.cache/runtimes', `${name}-${version}`);
  const program = resolve(folder, 'node_modules/.bin', name);
  const isMissing = process.env.AJWT_TEST_ALL === undefined && !existsSync(program);
  return { name, version, folder, command: [program, ...words], isMissing };
});
