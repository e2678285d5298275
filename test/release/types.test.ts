/** The declarations of the packed library compile in every module system of TypeScript, with the types of several versions of Node. */
import { mkdir, mkdtemp, readFile, symlink, writeFile } from 'node:fs/promises';
import { join, posix, resolve } from 'node:path';
import { RELEASE_TOOLS } from 'ajwt-testkit/pinned-tools';
import { mustRun } from 'ajwt-testkit/run';
import { describe, expect, inject, test } from 'vitest';
import { PRINTED, PROGRAM } from './program.ts';

const PACKAGE = resolve('packages/lib');
const TSC = resolve('node_modules/.bin/tsc');
/** Folders with Node's types: the release tools provide those of 22 and 26, and the project those of 24. */
const NODE_TYPES = {
  22: join(RELEASE_TOOLS.folder, 'node_modules/types-node-22'),
  24: resolve('node_modules/@types/node'),
  26: join(RELEASE_TOOLS.folder, 'node_modules/types-node-26'),
} as const;
/** Entry points that use or extend types of a peer dependency. All others compile without peer dependencies. */
const OF_A_PEER = ['./sql', './fastify/global', './hono'];

const { project } = inject('packed');

describe('the types of the packed library compile without peer dependencies and without skipLibCheck', () => {
  /** Compiles a program and a file that imports every entry point, for each extension. @returns the folder of the output */
  async function compile(types: keyof typeof NODE_TYPES, extensions: readonly string[], options: object) {
    const folder = await mkdtemp(join(project, 'types-'));
    await writeFile(join(folder, 'package.json'), '{ "private": true }');
    await mkdir(join(folder, 'types'));
    await symlink(NODE_TYPES[types], join(folder, 'types/node'));
    const { name, exports } = JSON.parse(await readFile(join(PACKAGE, 'package.json'), 'utf8'));
    const entries = Object.keys(exports).filter((path) => path !== './package.json' && !OF_A_PEER.includes(path));
    expect(entries).toHaveLength(Object.keys(exports).length - 1 - OF_A_PEER.length);
    const imports = entries.map((path) => `import type {} from '${posix.join(name, path)}';\n`).join('');
    const files = { program: PROGRAM, entries: imports };
    const written = extensions.flatMap((extension) =>
      Object.entries(files).map(([file, text]) => [`${file}.${extension}`, text] as const),
    );
    for (const [file, text] of written) await writeFile(join(folder, file), text);
    const compilerOptions = {
      strict: true,
      exactOptionalPropertyTypes: true,
      skipLibCheck: false,
      target: 'es2022',
      lib: ['es2023', 'dom', 'dom.iterable'],
      types: ['node'],
      typeRoots: [join(folder, 'types')],
      rootDir: '.',
      outDir: 'out',
      ...options,
    };
    const config = { compilerOptions, files: written.map(([file]) => file) };
    await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(config));
    await mustRun(TSC, ['-p', folder]);
    return join(folder, 'out');
  }

  for (const [types, extensions, options] of [
    [24, ['ts'], { module: 'commonjs' }],
    [24, ['cts', 'mts'], { module: 'node16' }],
    [24, ['mts'], { module: 'preserve', moduleResolution: 'bundler' }],
    [22, ['cts', 'mts'], { module: 'nodenext' }],
    [24, ['cts', 'mts'], { module: 'nodenext' }],
    [26, ['cts', 'mts'], { module: 'nodenext' }],
  ] as const) {
    const isLeftOut = types !== 24 && RELEASE_TOOLS.areMissing;
    const files = `files .${extensions} under ${JSON.stringify(options)}`;
    test.skipIf(isLeftOut)(`with @types/node ${types}, in ${files}${isLeftOut ? RELEASE_TOOLS.note : ''}`, async () => {
      const out = await compile(types, extensions, options);
      for (const extension of extensions) {
        const program = join(out, `program.${extension.replace('ts', 'js')}`);
        expect(await mustRun('node', [program])).toBe(PRINTED);
      }
    });
  }
});

test('for versions of TypeScript that ignore `exports`, package.json names the same declarations', async () => {
  const { exports, main, types, typesVersions } = JSON.parse(await readFile(join(PACKAGE, 'package.json'), 'utf8'));
  const { '.': root, './package.json': _itself, ...others } = exports as Record<string, { require: string }>;
  const declarations = ({ require }: { require: string }) => require.replace(/\.js$/, '.d.ts');
  expect([main, types]).toEqual([root?.require, declarations(root as { require: string })]);
  expect(typesVersions).toEqual({
    '*': Object.fromEntries(Object.entries(others).map(([path, to]) => [path.slice(2), [declarations(to)]])),
  });
});
