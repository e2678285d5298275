/**
 * Builds the package: `node build.ts [FOLDER]`, default `dist`.
 *
 * tsc compiles the library to ES modules, and rolldown compiles it to CommonJS, file by file, in the folder `cjs`. Node loads the ES
 * modules for `require` too, so that a program has one copy of the library; Jest and TypeScript's CommonJS modes take the other.
 *
 * The command `ajwt` is a bundle, because each module that Node looks up, reads and links takes its time at every start; and it is
 * CommonJS, because an ES module that imports `node:util` or `node:fs` has Node load whatever any of their names leads to, from worker
 * threads to a diff.
 */
import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, globSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, posix, resolve } from 'node:path';
import { rolldown } from 'rolldown';

const PACKAGE = import.meta.dirname;
const TSC = join(PACKAGE, '../../node_modules/.bin/tsc');
const dist = resolve(process.argv[2] ?? join(PACKAGE, 'dist'));
const cli = join(dist, 'cli');
const cjs = join(dist, 'cjs');

rmSync(dist, { recursive: true, force: true });
execFileSync(TSC, ['-p', join(PACKAGE, 'tsconfig.build.json'), '--outDir', dist], { stdio: 'inherit' });
// Built elsewhere, it needs what it is read for there: the engine's place, and the version.
if (dirname(dist) !== PACKAGE) cpSync(join(PACKAGE, 'package.json'), join(dist, '../package.json'));

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

const { exports, imports, sideEffects } = JSON.parse(readFileSync(join(PACKAGE, 'package.json'), 'utf8'));
const library = await rolldown({
  cwd: PACKAGE,
  input: Object.values<{ source?: string }>(exports).flatMap(({ source }) => source ?? []),
  platform: 'node',
  resolve: { conditionNames: ['source'] },
  external: (name) => !/^[.#/]/.test(name),
  treeshake: false,
});
await library.write({
  dir: cjs,
  format: 'cjs',
  preserveModules: true,
  preserveModulesRoot: join(PACKAGE, 'src'),
  entryFileNames: '[name].js',
  // ES modules are strict by themselves.
  banner: "'use strict';",
  esModule: true,
});
// Declarations are the same for both kinds of modules: the nearest package.json says which kind they describe.
const engine = imports['#engine'].default.replace('./dist/', './');
for (const file of globSync('**/*.d.ts', { cwd: dist, exclude: ['cjs', 'cli'] })) {
  const declarations = readFileSync(join(dist, file), 'utf8')
    .replaceAll("'#engine'", `'${posix.relative(dirname(file), posix.normalize(engine)).replace(/^(?!\.)/, './')}'`)
    .replace(/\n\/\/# sourceMappingURL=.*$/s, '\n');
  writeFileSync(join(cjs, file), declarations);
}
writeFileSync(join(cjs, 'package.json'), `${JSON.stringify({ type: 'commonjs', sideEffects }, undefined, 2)}\n`);
