/**
 * Builds the package: `node build.ts [FOLDER]`, default `dist`. The library is what tsc makes of it. The command `ajwt` is a bundle,
 * because each module that Node looks up, reads and links takes its time at every start; and it is CommonJS, because an ES module that
 * imports `node:util` or `node:fs` has Node load whatever any of their names leads to, from worker threads to a diff.
 */
import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { rolldown } from 'rolldown';

const PACKAGE = import.meta.dirname;
const TSC = join(PACKAGE, '../../node_modules/.bin/tsc');
const dist = resolve(process.argv[2] ?? join(PACKAGE, 'dist'));
const cli = join(dist, 'cli');

rmSync(dist, { recursive: true, force: true });
execFileSync(TSC, ['-p', join(PACKAGE, 'tsconfig.build.json'), '--outDir', dist], { stdio: 'inherit' });
// Built elsewhere, it needs what it is read for there: the engine's place, and the version.
if (dirname(dist) !== PACKAGE) cpSync(join(PACKAGE, 'package.json'), join(dist, '../package.json'));

rmSync(cli, { recursive: true });
const command = await rolldown({
  cwd: PACKAGE,
  input: 'src/cli/ajwt.ts',
  platform: 'node',
  resolve: { conditionNames: ['source', 'node', 'import', 'default'] },
});
await command.write({
  dir: cli,
  format: 'cjs',
  entryFileNames: '[name].cjs',
  chunkFileNames: '[name]-[hash].cjs',
});
chmodSync(join(cli, 'ajwt.cjs'), 0o755);
