/** The packed server, installed with the library in an empty project. */
import { spawn } from 'node:child_process';
import { readdir, readFile, symlink } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { RELEASE_TOOLS } from 'ajwt-testkit/pinned-tools';
import { environment, mustRun } from 'ajwt-testkit/run';
import { expect, inject, test } from 'vitest';

const SERVER = resolve('packages/server');
const { server, both } = inject('packed');

test('the packed server has the expected dependencies, and none of them has an install script', async () => {
  const { dependencies } = JSON.parse(await readFile(join(SERVER, 'package.json'), 'utf8'));
  expect(Object.keys(dependencies)).toEqual([
    'ajv',
    'asymmetric-jwt-auth',
    'ioredis',
    'kysely',
    'mysql2',
    'pg',
    'pino',
    'prom-client',
    'yaml',
  ]);
  const installed = join(both, 'node_modules/asymmetric-jwt-auth-server/monitoring');
  expect((await readdir(installed)).sort()).toEqual(['alerts.test.yml', 'alerts.yml', 'grafana-dashboard.json']);
  const { packages } = JSON.parse(await readFile(join(both, 'node_modules/.package-lock.json'), 'utf8'));
  const withScripts = Object.entries<{ hasInstallScript?: boolean }>(packages).filter(
    ([, one]) => one.hasInstallScript,
  );
  expect(withScripts).toEqual([]);
});

const bin = (name: string) => join(both, 'node_modules/.bin', name);

/** Starts the packed `ajwtd`, and stops it after use. @param use - called with its URL, and what it logged until it listened */
async function serving<T>(use: (url: string, log: string) => T | Promise<T>): Promise<T> {
  const words = ['serve', '--listen', '127.0.0.1:0', '--admin-listen', '127.0.0.1:0'];
  const running = spawn(bin('ajwtd'), words, {
    cwd: both,
    env: environment(),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    let log = '';
    let url: string | undefined;
    for await (const chunk of running.stdout) {
      log += chunk;
      url = /listening on (http:[^"]+)/.exec(log)?.[1];
      if (url !== undefined) break;
    }
    return await use(url ?? '', log);
  } finally {
    running.kill();
  }
}

test('the commands of the packed server and of the packed library work together', async () => {
  expect(await mustRun(bin('ajwtd'), ['--version'], { cwd: both })).toMatch(/^ajwtd \d/);
  await mustRun(bin('ajwt'), ['keygen', '--out', 'k'], { cwd: both });
  await mustRun(bin('ajwtd'), ['key', 'add', 'guido', 'k.pub'], { cwd: both });
  const whoami = async (url: string) => {
    const words = [`${url}/.ajwt/whoami`, '--user', 'guido', '--key', 'k'];
    return JSON.parse(await mustRun(bin('ajwt'), ['fetch', '--fail', ...words], { cwd: both }));
  };
  const guido = { username: 'guido', fingerprint: expect.stringMatching(/^SHA256:/) };
  await serving(async (url, log) => {
    expect(await whoami(url)).toMatchObject(guido);
    expect(log).toContain('"ed25519":"node:crypto"');
    const admin = /admin listener: (http:\S+)/.exec(log)?.[1];
    expect(await (await fetch(`${admin}/metrics`)).text()).toContain('ajwtd_decisions_total{reason="accepted"} 1\n');
  });

  // Installed next to it, sodium-native is used without an option.
  await symlink(resolve('node_modules/sodium-native'), join(both, 'node_modules/sodium-native'));
  await serving(async (url, log) => {
    expect(await whoami(url)).toMatchObject(guido);
    expect(log).toContain('"ed25519":"sodium-native"');
  });
  const script = "console.log(typeof require('asymmetric-jwt-auth/sodium').sodiumEd25519())";
  expect(await mustRun(process.execPath, ['-e', script], { cwd: both })).toBe('function\n');
});

test.skipIf(RELEASE_TOOLS.areMissing)(`publint accepts the packed server${RELEASE_TOOLS.note}`, async () => {
  await mustRun(RELEASE_TOOLS.command('publint'), ['--strict', server]);
});
