/** A key file must be a regular file of limited size; any other file is refused at once, even a pipe. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hasProgram, runProgram } from 'ajwt-testkit/command';
import { afterAll, afterEach, describe, expect, test, vi } from 'vitest';
import { KeyError, PrivateKey } from '../../src/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'ajwt-key-file-'));
const at = (name: string) => join(folder, name);
const key = await PrivateKey.generate();
writeFileSync(at('key.pem'), key.toPem(), { mode: 0o600 });
writeFileSync(at('encrypted.pem'), key.toPem('passphrase'), { mode: 0o600 });
writeFileSync(at('empty'), '');
writeFileSync(at('binary'), Buffer.alloc(100, 0xff));
writeFileSync(at('full'), 'x'.repeat(16_384));
writeFileSync(at('large'), 'x'.repeat(16_385));
mkdirSync(at('folder'));
symlinkSync(at('key.pem'), at('link'));
symlinkSync(at('nowhere'), at('dangling'));
symlinkSync(at('loop'), at('loop'));
const canMakePipe = hasProgram('mkfifo', '--version');
if (canMakePipe) runProgram('mkfifo', [at('pipe')]);

afterEach(() => vi.unstubAllEnvs());
afterAll(() => rmSync(folder, { recursive: true }));

async function codeOf(path: string): Promise<string> {
  try {
    await PrivateKey.fromFile(path);
    return 'accepted';
  } catch (error) {
    if (error instanceof KeyError) return error.code;
    throw error;
  }
}

describe('a private key from a file', () => {
  test.each([
    ['key.pem', 'accepted'],
    ['link', 'accepted'],
    ['encrypted.pem', 'passphrase_required'],
    ['empty', 'malformed'],
    ['binary', 'malformed'],
    ['full', 'malformed'],
    ['large', 'too_large'],
    ['folder', 'unreadable'],
    ['nowhere', 'unreadable'],
    ['dangling', 'unreadable'],
    ['loop', 'unreadable'],
    ['key.pem/key.pem', 'unreadable'],
    ['key.pem\0', 'unreadable'],
  ])('%s: %s', async (name, code) => {
    expect(await codeOf(at(name))).toBe(code);
  });

  test.skipIf(!canMakePipe)('a pipe without a writer is refused at once (skipped without mkfifo)', async () => {
    expect(await codeOf(at('pipe'))).toBe('unreadable');
  });

  test.skipIf(process.platform === 'win32')('an endless device is refused (skipped on Windows)', async () => {
    expect(await codeOf('/dev/zero')).toBe('unreadable');
  });

  test('options apply to the key', async () => {
    expect((await PrivateKey.fromFile(at('encrypted.pem'), { passphrase: 'passphrase' })).kid).toBe(key.kid);
  });

  test('~ at the start of a path is the home directory, alone or before a slash', async () => {
    vi.stubEnv('HOME', folder);
    vi.stubEnv('USERPROFILE', folder);
    expect((await PrivateKey.fromFile('~/key.pem')).kid).toBe(key.kid);
    expect(await codeOf('~')).toBe('unreadable');
    expect(await codeOf('~key.pem')).toBe('unreadable');
  });

  test('an error names the file and the cause', async () => {
    await expect(PrivateKey.fromFile(at('nowhere'))).rejects.toThrow(
      `${at('nowhere')} cannot be read: there is no such file (ENOENT)`,
    );
    await expect(PrivateKey.fromFile(at('folder'))).rejects.toThrow(`${at('folder')} is not a regular file`);
  });
});
