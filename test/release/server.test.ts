/** The packed server, installed with the library in an empty project. */
import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { lacksReleaseTools, NEEDS_RELEASE_TOOLS, releaseTool } from 'ajwt-testkit/release-tools';
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
    'yaml',
  ]);
  const { packages } = JSON.parse(await readFile(join(both, 'node_modules/.package-lock.json'), 'utf8'));
  const withScripts = Object.entries<{ hasInstallScript?: boolean }>(packages).filter(
    ([, one]) => one.hasInstallScript,
  );
  expect(withScripts).toEqual([]);
});

test('the commands of the packed server and of the packed library work together', async () => {
  const bin = (name: string) => join(both, 'node_modules/.bin', name);
  expect(await mustRun(bin('ajwtd'), ['--version'], { cwd: both })).toMatch(/^ajwtd \d/);
  await mustRun(bin('ajwt'), ['keygen', '--out', 'k'], { cwd: both });
  await mustRun(bin('ajwtd'), ['key', 'add', 'guido', 'k.pub'], { cwd: both });
  const words = ['serve', '--listen', '127.0.0.1:0', '--admin-listen', 'off'];
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
    const whoami = [`${url}/.ajwt/whoami`, '--user', 'guido', '--key', 'k'];
    const answer = JSON.parse(await mustRun(bin('ajwt'), ['fetch', '--fail', ...whoami], { cwd: both }));
    expect(answer).toMatchObject({ username: 'guido', fingerprint: expect.stringMatching(/^SHA256:/) });
  } finally {
    running.kill();
  }
});

test.skipIf(lacksReleaseTools)(`publint accepts the packed server${NEEDS_RELEASE_TOOLS}`, async () => {
  await mustRun(releaseTool('publint'), ['--strict', server]);
});
