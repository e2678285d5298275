/**
 * Builds the package: `node build.ts`, into the folder `dist`. The command `ajwtd` is a bundle of this package's own code and of
 * `ajwt-cli-kit`, which is not published. Dependencies stay outside: npm installs them.
 */
import { chmodSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { rolldown } from 'rolldown';

const PACKAGE = import.meta.dirname;
const dist = join(PACKAGE, 'dist');

rmSync(dist, { recursive: true, force: true });
const command = await rolldown({
  cwd: PACKAGE,
  input: 'src/cli/ajwtd.ts',
  platform: 'node',
  resolve: { conditionNames: ['source', 'node', 'import', 'default'] },
  external: (name) => !/^[./]|^ajwt-cli-kit/.test(name),
});
await command.write({
  dir: join(dist, 'cli'),
  format: 'esm',
  entryFileNames: '[name].js',
  chunkFileNames: '[name]-[hash].js',
  sourcemap: true,
});
chmodSync(join(dist, 'cli/ajwtd.js'), 0o755);
