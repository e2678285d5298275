/** The packages as users get them: packed, installed into an empty project, imported, required, type-checked. */
import { spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, posix, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { environment, mustRun, run } from './run.ts';

const PACKAGE = resolve('packages/lib');
const BIN = resolve('node_modules/.bin');
/** Entry points whose types are those of a peer: Kysely's. All others compile in a project without any peer. */
const OF_A_PEER = ['./sql'];
let project = '';

const ESM = `
import { createAuthenticator, memoryKeyStore, memoryNonceStore, PrivateKey } from 'asymmetric-jwt-auth';
import { createAuthorization } from 'asymmetric-jwt-auth/client';
import { nonceStoreContract } from 'asymmetric-jwt-auth/testing';
import 'asymmetric-jwt-auth/express/global';
const key = await PrivateKey.generate();
const keys = memoryKeyStore<{ email: string }>();
keys.setUser('guido', { user: { email: 'guido@example.com' } });
keys.addKey('guido', key.publicKey);
const auth = createAuthenticator({ keys, nonces: memoryNonceStore() });
const authorization = await createAuthorization({ username: 'guido', key });
const result = await auth.authenticate({ authorization });
if (!result.ok) throw new Error(result.reason);
const email: string = result.user.email;
const again = await auth.authenticate({ authorization });
for (const { run } of nonceStoreContract({ make: memoryNonceStore })) await run();
console.log(email, again.ok ? 'accepted' : again.reason);
`;

const CJS = `
const { createAuthenticator, PublicKey } = require('asymmetric-jwt-auth');
const { expressAuth } = require('asymmetric-jwt-auth/express');
const { nodeAuth } = require('asymmetric-jwt-auth/node');
const { webAuth } = require('asymmetric-jwt-auth/web');
const { createSignedFetch } = require('asymmetric-jwt-auth/client');
console.log([createAuthenticator, PublicKey.from, expressAuth, nodeAuth, webAuth, createSignedFetch].map((it) => typeof it).join(' '));
`;

beforeAll(async () => {
  project = await mkdtemp(join(tmpdir(), 'ajwt-package-'));
  await mustRun('npm', ['pack', '--pack-destination', project], { cwd: PACKAGE });
  const tarball = (await readdir(project)).find((file) => file.endsWith('.tgz')) as string;
  await writeFile(join(project, 'package.json'), '{ "private": true, "type": "module" }');
  await mustRun('npm', ['install', '--offline', join(project, tarball)], { cwd: project });
}, 120_000);
afterAll(() => rm(project, { recursive: true }));

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
    await writeFile(join(project, 'esm.ts'), ESM);
    expect(await mustRun('node', ['esm.ts'], { cwd: project })).toBe('guido@example.com replayed\n');
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
    const tarball = (await readdir(project)).find((file) => file.endsWith('.tgz')) as string;
    try {
      const words = [
        '--yes',
        '--offline',
        '--package',
        join(project, tarball),
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

  test.each(['node16', 'nodenext', 'bundler'])(
    'has types that compile under %s without a peer, libraries checked as well',
    async (resolution) => {
      const { name, exports } = JSON.parse(await readFile(join(PACKAGE, 'package.json'), 'utf8'));
      const entries = Object.keys(exports).filter((path) => path !== './package.json' && !OF_A_PEER.includes(path));
      expect(entries).toHaveLength(Object.keys(exports).length - 1 - OF_A_PEER.length);
      const imports = entries.map((path) => `import type {} from '${posix.join(name, path)}';\n`);
      await writeFile(join(project, 'entries.ts'), imports.join(''));
      await writeFile(join(project, 'esm.ts'), ESM);
      const compilerOptions = {
        strict: true,
        noEmit: true,
        skipLibCheck: false,
        target: 'es2022',
        lib: ['es2023', 'dom', 'dom.iterable'],
        module: resolution === 'bundler' ? 'preserve' : resolution,
        moduleResolution: resolution,
        types: ['node'],
        typeRoots: [resolve('node_modules/@types')],
      };
      await writeFile(
        join(project, 'tsconfig.json'),
        JSON.stringify({ compilerOptions, files: ['esm.ts', 'entries.ts'] }),
      );
      await mustRun(join(BIN, 'tsc'), ['-p', project]);
    },
  );

  test('is what publint wants', async () => {
    await mustRun(join(BIN, 'publint'), ['--strict', PACKAGE]);
  });

  test('has no types that are wrong', async () => {
    await mustRun(join(BIN, 'attw'), ['--pack', PACKAGE, '--profile', 'esm-only']);
  });
});

describe('the packed server', () => {
  const SERVER = resolve('packages/server');
  let folder = '';

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ajwtd-package-'));
    await mustRun('npm', ['pack', '--pack-destination', folder], { cwd: PACKAGE });
    await mustRun('npm', ['pack', '--pack-destination', folder], { cwd: SERVER });
    const tarballs = (await readdir(folder)).filter((file) => file.endsWith('.tgz')).map((file) => join(folder, file));
    expect(tarballs).toHaveLength(2);
    await writeFile(join(folder, 'package.json'), '{ "private": true, "type": "module" }');
    await mustRun('npm', ['install', '--prefer-offline', ...tarballs], { cwd: folder });
  }, 120_000);
  afterAll(() => rm(folder, { recursive: true }));

  test('brings along what it says, and nothing with an install script', async () => {
    const { dependencies } = JSON.parse(await readFile(join(SERVER, 'package.json'), 'utf8'));
    expect(Object.keys(dependencies)).toEqual(['asymmetric-jwt-auth', 'ioredis', 'kysely', 'mysql2', 'pg', 'pino']);
    const { packages } = JSON.parse(await readFile(join(folder, 'node_modules/.package-lock.json'), 'utf8'));
    const withScripts = Object.entries<{ hasInstallScript?: boolean }>(packages).filter(
      ([, one]) => one.hasInstallScript,
    );
    expect(withScripts).toEqual([]);
  });

  test('its command and that of the library work together', async () => {
    const bin = (name: string) => join(folder, 'node_modules/.bin', name);
    expect(await mustRun(bin('ajwtd'), ['--version'], { cwd: folder })).toMatch(/^ajwtd \d/);
    await mustRun(bin('ajwt'), ['keygen', '--out', 'k'], { cwd: folder });
    await mustRun(bin('ajwtd'), ['key', 'add', 'guido', 'k.pub'], { cwd: folder });
    const words = ['serve', '--listen', '127.0.0.1:0', '--admin-listen', 'off'];
    const server = spawn(bin('ajwtd'), words, {
      cwd: folder,
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
      const answer = JSON.parse(await mustRun(bin('ajwt'), ['fetch', '--fail', ...whoami], { cwd: folder }));
      expect(answer).toMatchObject({ username: 'guido', fingerprint: expect.stringMatching(/^SHA256:/) });
    } finally {
      server.kill();
    }
  });

  test('is what publint wants', async () => {
    await mustRun(join(BIN, 'publint'), ['--strict', SERVER]);
  });
});
