/** Installs the packed library in an empty project, then imports and requires it, and runs it with npx and Jest. */
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { OTHER_NODES } from 'ajwt-testkit/nodes';
import { RELEASE_TOOLS } from 'ajwt-testkit/pinned-tools';
import { environment, mustRun, run } from 'ajwt-testkit/run';
import { beforeAll, describe, expect, inject, test } from 'vitest';
import { PRINTED, PROGRAM } from './program.ts';

const PACKAGE = resolve('packages/lib');
const { library, project, both } = inject('packed');

const CJS = `
const { createAuthenticator, PublicKey } = require('asymmetric-jwt-auth');
const { expressAuth } = require('asymmetric-jwt-auth/express');
const { nodeAuth } = require('asymmetric-jwt-auth/node');
const { webAuth } = require('asymmetric-jwt-auth/web');
const { createSignedFetch } = require('asymmetric-jwt-auth/client');
console.log([createAuthenticator, PublicKey.from, expressAuth, nodeAuth, webAuth, createSignedFetch].map((it) => typeof it).join(' '));
`;

/** A program that loads the library with both `import` and `require`. */
const ONE_COPY = `
import { createRequire } from 'node:module';
import * as imported from 'asymmetric-jwt-auth';
import * as client from 'asymmetric-jwt-auth/client';
const required = createRequire(import.meta.url)('asymmetric-jwt-auth');
const key = await client.PrivateKey.generate();
console.log(required.PrivateKey === client.PrivateKey, required.KeyError === imported.KeyError, key instanceof required.PrivateKey);
`;

/** Returns the fenced blocks of a page that have a file name. */
function filesOf(page: string): (readonly [name: string, text: string])[] {
  return [...readFileSync(page, 'utf8').matchAll(/^```js ([\w.-]+)\n([\s\S]*?)^```$/gm)].map(
    ([, name, text]) => [name as string, text as string] as const,
  );
}

beforeAll(async () => {
  await writeFile(join(project, 'required.cjs'), CJS);
  await writeFile(join(project, 'one-copy.mjs'), ONE_COPY);
});

test('installs no other package', async () => {
  const installed = await readdir(join(project, 'node_modules'));
  expect(installed.filter((name) => !name.startsWith('.'))).toEqual(['asymmetric-jwt-auth']);
  const { dependencies, scripts } = JSON.parse(await readFile(join(PACKAGE, 'package.json'), 'utf8'));
  expect(dependencies).toBeUndefined();
  expect(Object.keys(scripts).filter((name) => /install/.test(name))).toEqual([]);
});

test('contains its licence and the README that a registry shows', async () => {
  const installed = join(project, 'node_modules/asymmetric-jwt-auth');
  expect(await readFile(join(installed, 'LICENSE'), 'utf8')).toBe(await readFile('LICENSE', 'utf8'));
  expect(await readFile(join(installed, 'README.md'), 'utf8')).toBe(await readFile('packages/lib/README.md', 'utf8'));
});

test('works when imported', async () => {
  await writeFile(join(project, 'program.ts'), PROGRAM);
  expect(await mustRun('node', ['program.ts'], { cwd: project })).toBe(PRINTED);
});

test('works when required', async () => {
  expect(await mustRun('node', ['required.cjs'], { cwd: project })).toBe(
    'function function function function function function\n',
  );
});

test('makes keys with npx asymmetric-jwt-auth, as documented', async () => {
  const npx = (...words: string[]) => run('npx', ['--offline', 'asymmetric-jwt-auth', ...words], { cwd: project });
  const { version } = JSON.parse(await readFile(join(PACKAGE, 'package.json'), 'utf8'));
  expect(await npx('--version')).toMatchObject({ code: 0, stdout: `ajwt ${version}\n` });
  expect(await npx('keygen', '--out', 'made')).toMatchObject({ code: 0 });
  expect(await readFile(join(project, 'made.pub'), 'utf8')).toMatch(/^ssh-ed25519 /);
  expect(await npx('keygen', '--out', 'made')).toMatchObject({ code: 1 });
});

test('makes keys with npx if the package is not installed', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'ajwt-npx-'));
  try {
    const words = ['--yes', '--offline', '--package', library, 'asymmetric-jwt-auth', 'keygen', '--out', 'made'];
    const env = environment({ npm_config_cache: join(folder, 'cache') });
    await mustRun('npx', words, { cwd: folder, env });
    expect(await readFile(join(folder, 'made'), 'utf8')).toMatch(/^-----BEGIN PRIVATE KEY-----/);
  } finally {
    await rm(folder, { recursive: true });
  }
});

for (const { version, program, isMissing } of [
  { version: process.versions.node, program: process.execPath, isMissing: false },
  ...OTHER_NODES,
]) {
  test.skipIf(isMissing)(`is loaded only once by import and require on Node ${version}`, async () => {
    expect(await mustRun(program, [join(project, 'one-copy.mjs')])).toBe('true true true\n');
    expect(await mustRun(program, [join(project, 'required.cjs')])).toBe(`${'function '.repeat(6).trim()}\n`);
  });
}

/** Authenticates a request while the clock stands still, with timers that are faked before or after the library is loaded. */
const UNDER_FAKE_TIMERS = `
const load = () => ({ ...require('asymmetric-jwt-auth'), ...require('asymmetric-jwt-auth/client'), ...require('asymmetric-jwt-auth/node') });

async function decide({ PrivateKey, createAuthenticator, createAuthorization, memoryKeyStore, memoryNonceStore, nodeAuth }) {
  const key = await PrivateKey.generate('ed25519');
  const keys = memoryKeyStore();
  keys.addKey('guido', key.publicKey);
  const { authenticate } = nodeAuth(createAuthenticator({ keys, nonces: memoryNonceStore() }));
  const authorization = await createAuthorization({ username: 'guido', key });
  return (await authenticate({ method: 'GET', url: '/', rawHeaders: ['Authorization', authorization] })).ok;
}

test('faked afterwards', async () => {
  const library = load();
  jest.useFakeTimers();
  expect(await decide(library)).toBe(true);
});

test('faked before', async () => {
  jest.resetModules();
  jest.useFakeTimers();
  expect(await decide(load())).toBe(true);
});
`;

describe.skipIf(RELEASE_TOOLS.areMissing)(`under Jest${RELEASE_TOOLS.note}`, () => {
  const pages = filesOf('docs/COMMONJS.md');
  let folder = '';
  beforeAll(async () => {
    // A subfolder of the project, with Kysely installed.
    folder = join(both, 'jest');
    await mkdir(folder);
    await writeFile(join(folder, 'package.json'), '{ "private": true }');
    for (const [name, text] of pages) await writeFile(join(folder, name), text);
  });
  const jest = (file: string, env: Record<string, string> = {}) =>
    run(RELEASE_TOOLS.command('jest'), ['--runTestsByPath', file], { cwd: folder, env: environment(env) });

  test('the example of docs/COMMONJS.md runs with default settings', async () => {
    expect(pages.map(([name]) => name)).toEqual(['auth.test.js', 'sql.test.js']);
    expect(await jest('auth.test.js')).toMatchObject({ code: 0, stderr: expect.stringContaining('1 passed') });
  });

  test('adapters decide about requests under fake timers', async () => {
    await writeFile(join(folder, 'timers.test.js'), UNDER_FAKE_TIMERS);
    expect(await jest('timers.test.js')).toMatchObject({ code: 0, stderr: expect.stringContaining('2 passed') });
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

test.skipIf(RELEASE_TOOLS.areMissing)(`passes publint${RELEASE_TOOLS.note}`, async () => {
  await mustRun(RELEASE_TOOLS.command('publint'), ['--strict', library]);
});

test.skipIf(RELEASE_TOOLS.areMissing)(`has correct types for every resolution mode${RELEASE_TOOLS.note}`, async () => {
  await mustRun(RELEASE_TOOLS.command('attw'), [library, '--profile', 'strict']);
});
