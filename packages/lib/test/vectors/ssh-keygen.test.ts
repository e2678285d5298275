/** The library imports keys in every format that ssh-keygen writes, and ssh-keygen reads ours. */
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hasProgram, runProgram } from 'ajwt-testkit/command';
import { keyErrorCode, verifies } from 'ajwt-testkit/verify';
import { afterAll, describe, expect, test } from 'vitest';
import { PrivateKey, PublicKey } from '../../src/index.ts';

const there = hasProgram('ssh-keygen', '-?');
const folder = mkdtempSync(join(tmpdir(), 'ajwt-ssh-keygen-'));
afterAll(() => rmSync(folder, { recursive: true }));

const PASSPHRASE = 'correct horse battery staple';
const KINDS = [
  ['ed25519', ['-t', 'ed25519']],
  ['rsa', ['-t', 'rsa', '-b', '2048']],
  ['ecdsa-256', ['-t', 'ecdsa', '-b', '256']],
  ['ecdsa-384', ['-t', 'ecdsa', '-b', '384']],
  ['ecdsa-521', ['-t', 'ecdsa', '-b', '521']],
] as const;
/** Formats that `ssh-keygen -m` writes; it writes Ed25519 keys only in the format of OpenSSH. */
const FORMATS = { OpenSSH: 'RFC4716', PEM: 'PEM', 'PKCS#8': 'PKCS8' } as const;

describe.skipIf(!there)('keys made by ssh-keygen (skipped without ssh-keygen)', () => {
  describe.each(KINDS)('%s', (name, args) => {
    const path = join(folder, name);
    if (there) runProgram('ssh-keygen', ['-q', ...args, '-N', '', '-C', `a ${name} key`, '-f', path]);
    const line = there ? readFileSync(`${path}.pub`, 'utf8') : '';
    const convert = (format: keyof typeof FORMATS, passphrase: string): string => {
      const copy = join(folder, `${name}-${FORMATS[format]}-${passphrase.length}`);
      copyFileSync(path, copy);
      runProgram('ssh-keygen', ['-q', '-p', '-a', '1', '-m', FORMATS[format], '-P', '', '-N', passphrase, '-f', copy]);
      return readFileSync(copy, 'utf8');
    };
    const formats = name === 'ed25519' ? (['OpenSSH'] as const) : (['OpenSSH', 'PEM', 'PKCS#8'] as const);

    test('has a public key that is imported and exported with the fingerprint that ssh-keygen prints', () => {
      const key = PublicKey.from(line);
      expect(key.toOpenSsh()).toBe(line.trim());
      expect(key.comment).toBe(`a ${name} key`);
      expect(
        runProgram('ssh-keygen', ['-l', '-f', `${path}.pub`])
          .split(' ')
          .slice(0, 2),
      ).toEqual([String(key.bits), key.fingerprint]);
    });

    test.each(formats)('has a private key that is imported from %s', async (format) => {
      const text = convert(format, '');
      const key = PrivateKey.from(text);
      expect(key.kid).toBe(PublicKey.from(line).kid);
      expect(PrivateKey.from(text, { passphrase: 'not used' }).kid).toBe(key.kid);
      expect(verifies(PublicKey.from(line), key.alg, Buffer.from('text'), key.sign(Buffer.from('text')))).toBe(true);
      expect((await PrivateKey.fromFile(path)).kid).toBe(key.kid);
    });

    test.each(formats)('has a private key that is imported from encrypted %s', (format) => {
      const text = convert(format, PASSPHRASE);
      expect(PrivateKey.from(text, { passphrase: PASSPHRASE }).kid).toBe(PublicKey.from(line).kid);
      expect(keyErrorCode(() => PrivateKey.from(text))).toBe('passphrase_required');
      expect(keyErrorCode(() => PrivateKey.from(text, { passphrase: '' }))).toBe('passphrase_required');
      expect(keyErrorCode(() => PrivateKey.from(text, { passphrase: 'wrong' }))).toBe('wrong_passphrase');
    });

    test('has a public key that is refused as a private key, and a private key that is refused as a public key', () => {
      expect(keyErrorCode(() => PrivateKey.from(line))).toBe('public_key');
      for (const format of formats) {
        for (const passphrase of ['', PASSPHRASE]) {
          expect(keyErrorCode(() => PublicKey.from(convert(format, passphrase)))).toBe('private_key');
        }
      }
    });
  });

  test.each(['ed25519', 'rsa', 'P-256', 'P-384', 'P-521'] as const)(
    'ssh-keygen prints our fingerprint for our %s key',
    async (kind) => {
      const key =
        kind === 'ed25519'
          ? await PrivateKey.generate()
          : kind === 'rsa'
            ? await PrivateKey.generate('rsa', { bits: 2048 })
            : await PrivateKey.generate('ec', { curve: kind });
      const path = join(folder, `ours-${kind}.pub`);
      writeFileSync(path, `${key.publicKey.toOpenSsh('ours')}\n`);
      const [bits, fingerprint, comment] = runProgram('ssh-keygen', ['-l', '-f', path]).split(' ');
      expect([bits, fingerprint, comment]).toEqual([String(key.publicKey.bits), key.publicKey.fingerprint, 'ours']);
    },
  );

  test('ssh-keygen reads our encrypted private key', async () => {
    const key = await PrivateKey.generate('ec');
    const path = join(folder, 'ours-private');
    writeFileSync(path, key.toPem(PASSPHRASE), { mode: 0o600 });
    expect(PublicKey.from(runProgram('ssh-keygen', ['-y', '-P', PASSPHRASE, '-f', path])).kid).toBe(key.kid);
  });
});
