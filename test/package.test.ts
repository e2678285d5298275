/** The packages as users get them: packed, installed into an empty project, imported, required, type-checked. */
import { spawn } from 'node:child_process';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, posix, resolve } from 'node:path';
import { OTHER_NODES } from 'ajwt-testkit/nodes';
import { lacksReleaseTools, RELEASE_TOOLS } from 'ajwt-testkit/release-tools';
import { environment, mustRun, run } from 'ajwt-testkit/run';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const PACKAGE = resolve('packages/lib');
const SERVER = resolve('packages/server');
const TSC = resolve('node_modules/.bin/tsc');
const tool = (name: string) => join(RELEASE_TOOLS, 'node_modules/.bin', name);
/** Says in a test's name why it was left out. */
const needsTools = lacksReleaseTools ? ' (needs tools that npm run test:all installs)' : '';
/** Folders of types of Node: two that the release tools have under other names, and the one that the project itself uses. */
const NODE_TYPES = {
  22: join(RELEASE_TOOLS, 'node_modules/types-node-22'),
  24: resolve('node_modules/@types/node'),
  26: join(RELEASE_TOOLS, 'node_modules/types-node-26'),
} as const;
/** Entry points whose types are those of a peer: Kysely's. All others compile in a project without any peer. */
const OF_A_PEER = ['./sql'];
/** What `npm run tarballs` made: the library, and the server. */
let tarballs: readonly string[] = [];
/** A project with the library alone, and one with both packages. */
let project = '';
let both = '';

const PROGRAM = `
import { createAuthenticator, memoryKeyStore, memoryNonceStore, PrivateKey } from 'asymmetric-jwt-auth';
import { createAuthorization } from 'asymmetric-jwt-auth/client';
import { nonceStoreContract } from 'asymmetric-jwt-auth/testing';
import 'asymmetric-jwt-auth/express/global';
import { createPublicKey } from 'node:crypto';
async function main() {
  const key = await PrivateKey.generate();
  const keys = memoryKeyStore<{ email: string }>();
  keys.setUser('guido', { user: { email: 'guido@example.com' } });
  keys.addKey('guido', key.publicKey);
  createPublicKey({ key: key.publicKey.toJwk(), format: 'jwk' });
  const auth = createAuthenticator({ keys, nonces: memoryNonceStore() });
  const authorization = await createAuthorization({ username: 'guido', key });
  const result = await auth.authenticate({ authorization });
  if (!result.ok) throw new Error(result.reason);
  const email: string = result.user.email;
  const again = await auth.authenticate({ authorization });
  for (const { run } of nonceStoreContract({ make: memoryNonceStore })) await run();
  console.log(email, again.ok ? 'accepted' : again.reason);
}
void main();
`;

const CJS = `
const { createAuthenticator, PublicKey } = require('asymmetric-jwt-auth');
const { expressAuth } = require('asymmetric-jwt-auth/express');
const { nodeAuth } = require('asymmetric-jwt-auth/node');
const { webAuth } = require('asymmetric-jwt-auth/web');
const { createSignedFetch } = require('asymmetric-jwt-auth/client');
console.log([createAuthenticator, PublicKey.from, expressAuth, nodeAuth, webAuth, createSignedFetch].map((it) => typeof it).join(' '));
`;

/** The library in one program, by `import` and by `require`. */
const ONE_COPY = `
import { createRequire } from 'node:module';
import * as imported from 'asymmetric-jwt-auth';
import * as client from 'asymmetric-jwt-auth/client';
const required = createRequire(import.meta.url)('asymmetric-jwt-auth');
const key = await client.PrivateKey.generate();
console.log(required.PrivateKey === client.PrivateKey, required.KeyError === imported.KeyError, key instanceof required.PrivateKey);
`;

async function installed(files: readonly string[], ...words: readonly string[]): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'ajwt-package-'));
  await writeFile(join(folder, 'package.json'), '{ "private": true, "type": "module" }');
  await mustRun('npm', ['install', ...words, ...files], { cwd: folder });
  return folder;
}

beforeAll(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'ajwt-tarballs-'));
  const printed = await mustRun('npm', ['run', '--silent', 'tarballs', '--', folder]);
  tarballs = (/^ {2}npm install (.+ .+)$/m.exec(printed)?.[1] ?? '').split(' ');
  expect((await readdir(folder)).map((file) => join(folder, file)).sort()).toEqual([...tarballs].sort());
  [project, both] = await Promise.all([
    installed(tarballs.slice(0, 1), '--offline'),
    installed(tarballs, '--prefer-offline'),
  ]);
}, 180_000);
afterAll(async () => {
  for (const folder of [dirname(tarballs[0] ?? ''), project, both]) {
    if (folder.startsWith(tmpdir())) await rm(folder, { recursive: true });
  }
});

/** Fenced blocks of a page that have a file's name. */
function filesOf(page: string): (readonly [name: string, text: string])[] {
  return [...readFileSync(page, 'utf8').matchAll(/^```js ([\w.-]+)\n([\s\S]*?)^```$/gm)].map(
    ([, name, text]) => [name as string, text as string] as const,
  );
}

describe.each([
  ['library', () => join(project, 'node_modules/asymmetric-jwt-auth')],
  ['server', () => join(both, 'node_modules/asymmetric-jwt-auth-server')],
])('the documentation in the packed %s', (_name, folderOf) => {
  const pages = () => globSync('{*,docs/*,spec/*,spec/vectors/*}.md', { cwd: folderOf() });

  test('is that of the repository, and each link in it leads to a file of the package', () => {
    expect(
      pages()
        .filter((page) => page.startsWith('docs/'))
        .sort(),
    ).toEqual(globSync('docs/*.md').sort());
    const broken = pages().flatMap((page) => {
      const prose = readFileSync(join(folderOf(), page), 'utf8').replaceAll(/^```.*?^```$/gms, '');
      const links = [...prose.matchAll(/\]\((?!https?:|#|mailto:)([^)#]+)/g)].map(([, link]) => link as string);
      return links.filter((link) => !existsSync(join(folderOf(), dirname(page), link))).map((link) => [page, link]);
    });
    expect(broken).toEqual([]);
  });

  test('is where the README says', () => {
    const readme = readFileSync(join(folderOf(), 'README.md'), 'utf8');
    expect(readme).toContain(`\`node_modules/${posix.basename(folderOf())}\``);
    const named = [...readme.matchAll(/`((?:docs|spec|clients)(?:\/[^`]*)?)`/g)].map(([, path]) => path as string);
    expect(named.length).toBeGreaterThan(4);
    expect(named.filter((path) => !existsSync(join(folderOf(), path)))).toEqual([]);
  });
});

describe('the packed library', () => {
  test('brings nothing along', async () => {
    const installed = await readdir(join(project, 'node_modules'));
    expect(installed.filter((name) => !name.startsWith('.'))).toEqual(['asymmetric-jwt-auth']);
    const { dependencies, scripts } = JSON.parse(await readFile(join(PACKAGE, 'package.json'), 'utf8'));
    expect(dependencies).toBeUndefined();
    expect(Object.keys(scripts).filter((name) => /install/.test(name))).toEqual([]);
  });

  test('has its licence, and the page that a registry shows', async () => {
    const installed = join(project, 'node_modules/asymmetric-jwt-auth');
    expect(await readFile(join(installed, 'LICENSE'), 'utf8')).toBe(await readFile('LICENSE', 'utf8'));
    expect(await readFile(join(installed, 'README.md'), 'utf8')).toBe(await readFile('packages/lib/README.md', 'utf8'));
  });

  test('works when imported', async () => {
    await writeFile(join(project, 'program.ts'), PROGRAM);
    expect(await mustRun('node', ['program.ts'], { cwd: project })).toBe('guido@example.com replayed\n');
  });

  test('works when required', async () => {
    await writeFile(join(project, 'cjs.cjs'), CJS);
    expect(await mustRun('node', ['cjs.cjs'], { cwd: project })).toBe(
      'function function function function function function\n',
    );
  });

  test('makes keys as npx asymmetric-jwt-auth, as the documentation has it', async () => {
    const npx = (...words: string[]) => run('npx', ['--offline', 'asymmetric-jwt-auth', ...words], { cwd: project });
    const { version } = JSON.parse(await readFile(join(PACKAGE, 'package.json'), 'utf8'));
    expect(await npx('--version')).toMatchObject({ code: 0, stdout: `ajwt ${version}\n` });
    expect(await npx('keygen', '--out', 'made')).toMatchObject({ code: 0 });
    expect(await readFile(join(project, 'made.pub'), 'utf8')).toMatch(/^ssh-ed25519 /);
    expect(await npx('keygen', '--out', 'made')).toMatchObject({ code: 1 });
  });

  test('does so where it is not installed: npx fetches it', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'ajwt-npx-'));
    try {
      const words = [
        '--yes',
        '--offline',
        '--package',
        tarballs[0] as string,
        'asymmetric-jwt-auth',
        'keygen',
        '--out',
        'made',
      ];
      const env = environment({ npm_config_cache: join(folder, 'cache') });
      await mustRun('npx', words, { cwd: folder, env });
      expect(await readFile(join(folder, 'made'), 'utf8')).toMatch(/^-----BEGIN PRIVATE KEY-----/);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  describe('has types that compile without a peer, libraries checked as well', () => {
    /** Compiles a program, and a file that imports every entry point, for each extension; gives the folder with the output. */
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
      const isLeftOut = types !== 24 && lacksReleaseTools;
      const files = `files .${extensions} under ${JSON.stringify(options)}`;
      test.skipIf(isLeftOut)(`with @types/node ${types}, in ${files}${isLeftOut ? needsTools : ''}`, async () => {
        const out = await compile(types, extensions, options);
        for (const extension of extensions) {
          const program = join(out, `program.${extension.replace('ts', 'js')}`);
          expect(await mustRun('node', [program])).toBe('guido@example.com replayed\n');
        }
      });
    }
  });

  test('names the same declarations for TypeScript without `exports`', async () => {
    const { exports, main, types, typesVersions } = JSON.parse(await readFile(join(PACKAGE, 'package.json'), 'utf8'));
    const { '.': root, './package.json': _itself, ...others } = exports as Record<string, { require: string }>;
    const declarations = ({ require }: { require: string }) => require.replace(/\.js$/, '.d.ts');
    expect([main, types]).toEqual([root?.require, declarations(root as { require: string })]);
    expect(typesVersions).toEqual({
      '*': Object.fromEntries(Object.entries(others).map(([path, to]) => [path.slice(2), [declarations(to)]])),
    });
  });

  for (const { version, program, isMissing } of [
    { version: process.versions.node, program: process.execPath, isMissing: false },
    ...OTHER_NODES,
  ]) {
    test.skipIf(isMissing)(`is one copy for import and require on Node ${version}`, async () => {
      await writeFile(join(project, 'one-copy.mjs'), ONE_COPY);
      expect(await mustRun(program, [join(project, 'one-copy.mjs')])).toBe('true true true\n');
      expect(await mustRun(program, [join(project, 'cjs.cjs')])).toBe(`${'function '.repeat(6).trim()}\n`);
    });
  }

  describe.skipIf(lacksReleaseTools)(`under Jest${needsTools}`, () => {
    const pages = filesOf('docs/COMMONJS.md');
    let folder = '';
    beforeAll(async () => {
      // Below the project that has Kysely too.
      folder = join(both, 'jest');
      await mkdir(folder);
      await writeFile(join(folder, 'package.json'), '{ "private": true }');
      for (const [name, text] of pages) await writeFile(join(folder, name), text);
    });
    const jest = (file: string, env: Record<string, string> = {}) =>
      run(tool('jest'), ['--runTestsByPath', file], { cwd: folder, env: environment(env) });

    test('the example of docs/COMMONJS.md runs with default settings', async () => {
      expect(pages.map(([name]) => name)).toEqual(['auth.test.js', 'sql.test.js']);
      expect(await jest('auth.test.js')).toMatchObject({ code: 0, stderr: expect.stringContaining('1 passed') });
    });

    test('/sql needs the flag that docs/COMMONJS.md names', async () => {
      expect(await jest('sql.test.js')).toMatchObject({ code: 1 });
      const flag = '--experimental-vm-modules';
      expect(readFileSync('docs/COMMONJS.md', 'utf8')).toContain(`NODE_OPTIONS=${flag} npx jest`);
      expect(await jest('sql.test.js', { NODE_OPTIONS: flag })).toMatchObject({
        code: 0,
        stderr: expect.stringContaining('1 passed'),
      });
    });
  });

  test.skipIf(lacksReleaseTools)(`is what publint wants${needsTools}`, async () => {
    await mustRun(tool('publint'), ['--strict', tarballs[0] as string]);
  });

  test.skipIf(lacksReleaseTools)(`has no types that are wrong${needsTools}`, async () => {
    await mustRun(tool('attw'), [tarballs[0] as string, '--profile', 'strict']);
  });
});

describe('the packed server', () => {
  test('brings along what it says, and nothing with an install script', async () => {
    const { dependencies } = JSON.parse(await readFile(join(SERVER, 'package.json'), 'utf8'));
    expect(Object.keys(dependencies)).toEqual(['asymmetric-jwt-auth', 'ioredis', 'kysely', 'mysql2', 'pg', 'pino']);
    const { packages } = JSON.parse(await readFile(join(both, 'node_modules/.package-lock.json'), 'utf8'));
    const withScripts = Object.entries<{ hasInstallScript?: boolean }>(packages).filter(
      ([, one]) => one.hasInstallScript,
    );
    expect(withScripts).toEqual([]);
  });

  test('its command and that of the library work together', async () => {
    const bin = (name: string) => join(both, 'node_modules/.bin', name);
    expect(await mustRun(bin('ajwtd'), ['--version'], { cwd: both })).toMatch(/^ajwtd \d/);
    await mustRun(bin('ajwt'), ['keygen', '--out', 'k'], { cwd: both });
    await mustRun(bin('ajwtd'), ['key', 'add', 'guido', 'k.pub'], { cwd: both });
    const words = ['serve', '--listen', '127.0.0.1:0', '--admin-listen', 'off'];
    const server = spawn(bin('ajwtd'), words, {
      cwd: both,
      env: environment(),
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    try {
      let log = '';
      let url: string | undefined;
      for await (const chunk of server.stdout) {
        log += chunk;
        url = /listening on (http:[^"]+)/.exec(log)?.[1];
        if (url !== undefined) break;
      }
      const whoami = [`${url}/.ajwt/whoami`, '--user', 'guido', '--key', 'k'];
      const answer = JSON.parse(await mustRun(bin('ajwt'), ['fetch', '--fail', ...whoami], { cwd: both }));
      expect(answer).toMatchObject({ username: 'guido', fingerprint: expect.stringMatching(/^SHA256:/) });
    } finally {
      server.kill();
    }
  });

  test.skipIf(lacksReleaseTools)(`is what publint wants${needsTools}`, async () => {
    await mustRun(tool('publint'), ['--strict', tarballs[1] as string]);
  });
});
