import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { environment, run } from './run.ts';

const ANSWERS = ['200 OK', 'error="replayed"', 'error="invalid_token"', 'error="invalid_token"', 'error="stale_time"'];
const REASONS = ['accepted guido', 'replayed guido', 'bad_signature guido', 'unknown_key guido', 'stale guido'];

test('npm run demo shows ajwtd accept one request, and refuse four for their reasons', async () => {
  const { code, stdout, stderr } = await run('npm', ['run', 'demo', '--', '--once']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const scenes = stdout.split(/^\d\. /m).slice(1);
  expect(scenes).toHaveLength(6);
  for (const [index, answer] of ANSWERS.entries()) expect(scenes[index]).toContain(answer);
  for (const [index, reason] of REASONS.entries()) expect(scenes[index]).toContain(`the server's log: ${reason}`);
  expect(scenes[5]?.match(/200 \{"hello":"ada"/g)).toHaveLength(3);
});

test('the demo makes its own keys where neither OpenSSH nor OpenSSL is installed', async () => {
  const bin = await mkdtemp(join(tmpdir(), 'ajwt-bin-'));
  await symlink(process.execPath, join(bin, 'node'));
  const words = ['--conditions=source', 'examples/demo/demo.ts', '--once'];
  const { code, stdout, stderr } = await run(process.execPath, words, { env: { ...environment(), PATH: bin } });
  await rm(bin, { recursive: true });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toContain("PrivateKey.generate('ed25519')");
  expect(stdout).toContain("PrivateKey.generate('rsa')");
});

test('the demo keeps running until it is interrupted', async () => {
  const { spawn } = await import('node:child_process');
  const child = spawn(process.execPath, ['--conditions=source', 'examples/demo/demo.ts'], { env: environment() });
  let stdout = '';
  for await (const chunk of child.stdout) {
    stdout += chunk;
    if (stdout.includes('still running') && stdout.includes('npm run bench')) break;
  }
  const url = /listening on (http:\/\/127\.0\.0\.1:\d+)/.exec(stdout)?.[1];
  expect((await fetch(`${url}/me`)).status).toBe(401);
  const ended = new Promise((resolve) => child.on('exit', resolve));
  child.kill('SIGINT');
  expect(await ended).toBe(0);
  await expect(fetch(`${url}/me`)).rejects.toThrow();
});
