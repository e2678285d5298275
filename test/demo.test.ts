import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { environment, run } from 'ajwt-testkit/run';
import { expect, test } from 'vitest';

const ANSWERS = ['200 OK', 'error="replayed"', 'error="invalid_token"', 'error="invalid_token"', 'error="stale_time"'];
const REASONS = ['accepted guido', 'replayed guido', 'bad_signature guido', 'unknown_key guido', 'stale guido'];

test('npm run demo shows one accepted request, and four refused ones with their reasons', async () => {
  const { code, stdout, stderr } = await run('npm', ['run', 'demo', '--', '--once']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const scenes = stdout.split(/^\d\. /m).slice(1);
  expect(scenes).toHaveLength(6);
  for (const [index, answer] of ANSWERS.entries()) expect(scenes[index]).toContain(answer);
  for (const [index, reason] of REASONS.entries()) expect(scenes[index]).toContain(`the server's log: ${reason}`);
  expect(scenes[5]?.match(/200 \{"hello":"ada"/g)).toHaveLength(3);
});

test('without OpenSSH and OpenSSL, the demo makes its keys with the library', async () => {
  const bin = await mkdtemp(join(tmpdir(), 'ajwt-bin-'));
  await symlink(process.execPath, join(bin, 'node'));
  const words = ['--conditions=source', 'examples/demo/demo.ts', '--once'];
  const { code, stdout, stderr } = await run(process.execPath, words, { env: { ...environment(), PATH: bin } });
  await rm(bin, { recursive: true });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toContain("PrivateKey.generate('ed25519')");
  expect(stdout).toContain("PrivateKey.generate('rsa')");
});

/**
 * Runs the demo until it prints the given text, sends it a signal, and checks that its folder and server are gone. @returns the exit code
 */
async function interruptAfter(text: string, signal: NodeJS.Signals, look: (stdout: string) => Promise<void>) {
  const child = spawn(process.execPath, ['--conditions=source', 'examples/demo/demo.ts'], { env: environment() });
  let stdout = '';
  for await (const chunk of child.stdout) {
    stdout += chunk;
    if (stdout.includes(text)) break;
  }
  await look(stdout);
  const url = /listening on (http:\/\/127\.0\.0\.1:\d+)/.exec(stdout)?.[1];
  const folder = /tokens in (\S+)\/ajwt\.db/.exec(stdout)?.[1] as string;
  expect(existsSync(folder)).toBe(true);
  const ended = new Promise((resolve) => child.on('exit', resolve));
  child.kill(signal);
  const code = await ended;
  expect(existsSync(folder)).toBe(false);
  await expect.poll(() => fetch(`${url}/me`).catch(() => 'gone')).toBe('gone');
  return code;
}

test('the demo keeps running after the last request, until it is interrupted', async () => {
  const code = await interruptAfter('npm run bench', 'SIGINT', async (stdout) => {
    expect(stdout).toContain('still running');
    const url = /listening on (http:\/\/127\.0\.0\.1:\d+)/.exec(stdout)?.[1];
    expect((await fetch(`${url}/me`)).status).toBe(401);
  });
  expect(code).toBe(0);
});

test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
  'if %s interrupts the demo before the first request, it removes its files and stops its server',
  async (signal) => {
    expect(await interruptAfter('used tokens in', signal, async () => undefined)).toBe(1);
  },
);
