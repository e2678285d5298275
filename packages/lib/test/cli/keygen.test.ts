/** `ajwt keygen`: key pairs that other programs can read, in files that other users cannot. */
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { ajwt, ajwtProcess, lacks, scratch, shell } from 'ajwt-testkit/ajwt';
import { runProgram } from 'ajwt-testkit/command';
import { describe, expect, test } from 'vitest';
import { PrivateKey, PublicKey } from '../../src/index.ts';

const file = scratch();
const PASSPHRASE = 'correct horse battery staple';
const KINDS = [
  ['ed25519', [], 'ED25519', 256],
  ['ed25519, by option', ['--type', 'ed25519'], 'ED25519', 256],
  ['rsa', ['--type', 'rsa'], 'RSA', 3072],
  ['rsa of 2048 bits', ['--type', 'rsa', '--bits', '2048'], 'RSA', 2048],
  ['ec', ['--type', 'ec'], 'ECDSA', 256],
  ['P-384', ['--type', 'ec', '--curve', 'P-384'], 'ECDSA', 384],
  ['P-521', ['--type', 'ec', '--curve', 'P-521'], 'ECDSA', 521],
] as const;

const mode = (path: string) => (statSync(path).mode & 0o777).toString(8);

describe.each(KINDS)('%s', (name, args, sshName, bits) => {
  const path = file(name.replaceAll(/\W/g, '-'));

  test('writes two files, the private one readable only by its owner, and a summary to standard error', async () => {
    const { code, stdout, stderr } = await ajwt(['keygen', ...args, '--out', path, '--comment', 'guido@laptop']);
    expect([code, stdout]).toEqual([0, '']);
    expect(mode(path)).toBe('600');
    expect(readFileSync(path, 'utf8')).toMatch(/^-----BEGIN PRIVATE KEY-----\n/);
    const key = PrivateKey.from(readFileSync(path, 'utf8'));
    const publicKey = PublicKey.from(readFileSync(`${path}.pub`, 'utf8'));
    expect(publicKey.kid).toBe(key.kid);
    expect([publicKey.bits, publicKey.comment]).toEqual([bits, 'guido@laptop']);
    for (const text of [path, `${path}.pub`, key.kid, publicKey.fingerprint]) expect(stderr).toContain(text);
    expect(stderr).toContain(`Register ${path}.pub`);
  });

  test.skipIf(lacks('ssh-keygen', '-?'))('ssh-keygen prints the same fingerprint (needs ssh-keygen)', () => {
    const { fingerprint } = PublicKey.from(readFileSync(`${path}.pub`, 'utf8'));
    expect(runProgram('ssh-keygen', ['-l', '-f', `${path}.pub`])).toBe(
      `${bits} ${fingerprint} guido@laptop (${sshName})\n`,
    );
  });

  test.skipIf(lacks('openssl', 'version'))('openssl reads the private key (needs openssl)', () => {
    const pem = runProgram('openssl', ['pkey', '-in', path, '-pubout']);
    expect(PublicKey.from(pem).kid).toBe(PublicKey.from(readFileSync(`${path}.pub`, 'utf8')).kid);
  });
});

describe('the private key', () => {
  test('is encrypted with the passphrase in the variable that --passphrase-env names', async () => {
    const path = file('encrypted');
    const args = ['keygen', '--out', path, '--comment', 'guido@laptop', '--passphrase-env', 'SECRET'];
    const { code, stderr } = await ajwt(args, { env: { SECRET: PASSPHRASE } });
    expect(code).toBe(0);
    expect(stderr).not.toContain(PASSPHRASE);
    const text = readFileSync(path, 'utf8');
    expect(text).toMatch(/^-----BEGIN ENCRYPTED PRIVATE KEY-----\n/);
    expect(() => PrivateKey.from(text)).toThrow(/encrypted/);
    expect(PrivateKey.from(text, { passphrase: PASSPHRASE }).kid).toBe(
      PublicKey.from(readFileSync(`${path}.pub`, 'utf8')).kid,
    );
  });

  test.skipIf(lacks('openssl', 'version'))('can be opened by openssl (needs openssl)', () => {
    const pem = runProgram('openssl', ['pkey', '-in', file('encrypted'), '-passin', `pass:${PASSPHRASE}`, '-pubout']);
    expect(PublicKey.from(pem).kid).toBe(PublicKey.from(readFileSync(file('encrypted.pub'), 'utf8')).kid);
    for (const passphrase of ['', `${PASSPHRASE} `]) {
      const { status, stdout } = spawnSync('openssl', [
        'pkey',
        '-in',
        file('encrypted'),
        '-passin',
        `pass:${passphrase}`,
      ]);
      expect([status, stdout.toString()]).toEqual([1, '']);
    }
  });

  test('signs only if the passphrase is given', async () => {
    const sign = (env: Record<string, string>) =>
      ajwt(['token', '--user', 'guido', '--key', file('encrypted')], { env });
    expect(await sign({ AJWT_PASSPHRASE: PASSPHRASE })).toMatchObject({ code: 0, stderr: '' });
    expect(await sign({})).toMatchObject({ code: 1, stdout: '' });
    expect(await sign({ AJWT_PASSPHRASE: 'wrong' })).toMatchObject({ code: 1, stdout: '' });
  });

  test.skipIf(lacks('ssh-keygen', '-?'))('has a public half that ssh-keygen reads (needs ssh-keygen)', () => {
    expect(runProgram('ssh-keygen', ['-l', '-f', file('encrypted.pub')])).toMatch(/ guido@laptop \(ED25519\)\n$/);
  });

  test('has mode 0600 with any umask', async () => {
    await shell(`umask 000; ajwt keygen --out '${file('open')}'; umask 077; ajwt keygen --out '${file('closed')}'`);
    expect([mode(file('open')), mode(file('open.pub'))]).toEqual(['600', '644']);
    expect([mode(file('closed')), mode(file('closed.pub'))]).toEqual(['600', '600']);
  });
});

test('without --out, prints only both keys, as PEM', async () => {
  const { code, stdout, stderr } = await ajwt(['keygen']);
  const [, privatePem = '', publicPem = ''] =
    /^(-----BEGIN PRIVATE KEY-----\n[^-]+-----END PRIVATE KEY-----\n)(-----BEGIN PUBLIC KEY-----\n[^-]+-----END PUBLIC KEY-----\n)$/.exec(
      stdout,
    ) ?? [];
  expect(code).toBe(0);
  expect(PrivateKey.from(privatePem).kid).toBe(PublicKey.from(publicPem).kid);
  expect(stderr).toContain(PublicKey.from(publicPem).fingerprint);
});

test('succeeds if the reader closes the pipe', async () => {
  expect((await shell('set -o pipefail; ajwt keygen --type rsa | head -n 1')).code).toBe(0);
  expect(await shell('set -o pipefail; ajwt keygen 2>&1 | true')).toMatchObject({ code: 0, stderr: '' });
});

describe('keygen overwrites no file, and writes either both files or none', () => {
  test.each([
    ['the private file', ''],
    ['the public file', '.pub'],
  ])('if %s exists', async (_name, suffix) => {
    const path = file(`there${suffix.replace('.', '-')}`);
    writeFileSync(path + suffix, 'precious');
    const { code, stderr } = await ajwt(['keygen', '--out', path]);
    expect([code, stderr]).toEqual([
      1,
      `ajwt: ${path}${suffix} already exists, so nothing was written; choose another --out\n`,
    ]);
    expect(readFileSync(path + suffix, 'utf8')).toBe('precious');
    expect(existsSync(suffix === '' ? `${path}.pub` : path)).toBe(false);
  });

  test('if a dangling symbolic link exists', async () => {
    const path = file('link');
    symlinkSync(file('nowhere'), path);
    expect((await ajwt(['keygen', '--out', path])).code).toBe(1);
    expect(existsSync(file('nowhere'))).toBe(false);
  });

  test('if several processes write at once: exactly one writes both files', async () => {
    const path = file('race');
    const outcomes = await Promise.all(Array.from({ length: 4 }, () => ajwtProcess(['keygen', '--out', path])));
    expect(outcomes.map(({ code }) => code).sort()).toEqual([0, 1, 1, 1]);
    expect(PrivateKey.from(readFileSync(path, 'utf8')).kid).toBe(
      PublicKey.from(readFileSync(`${path}.pub`, 'utf8')).kid,
    );
  });

  test('if the public file cannot be written: the private file is removed', async () => {
    // The name of the private file has the maximum length of the file system; with .pub it is too long.
    const path = file('n'.repeat(253));
    const { code, stderr } = await ajwt(['keygen', '--out', path]);
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/^ajwt: cannot write .*: ENAMETOOLONG; nothing was written\n$/),
    ]);
    expect(existsSync(path)).toBe(false);
  });

  test('if --out is in a missing folder, or is a folder', async () => {
    expect((await ajwt(['keygen', '--out', file('none/key')])).stderr).toBe(
      `ajwt: cannot write ${file('none/key')}: the folder does not exist; nothing was written\n`,
    );
    mkdirSync(file('folder'));
    chmodSync(file('folder'), 0o755);
    expect((await ajwt(['keygen', '--out', file('folder')])).stderr).toContain('already exists');
  });
});

describe('keygen refuses wrong options', () => {
  test.each([
    [['--type', 'dsa'], '--type dsa: must be one of ed25519, rsa, ec'],
    [['--bits', '4096'], '--bits is for RSA keys; add --type rsa'],
    [['--type', 'rsa', '--bits', '1024'], '--bits 1024: must be a whole number from 2048 to 8192'],
    [['--type', 'rsa', '--bits', '3072.5'], '--bits 3072.5: must be a whole number from 2048 to 8192'],
    [['--type', 'rsa', '--bits', '0x1000'], '--bits 0x1000: must be a whole number from 2048 to 8192'],
    [['--curve', 'P-256'], '--curve is for EC keys; add --type ec'],
    [['--type', 'ec', '--curve', 'secp256k1'], '--curve secp256k1: must be one of P-256, P-384, P-521'],
    [['--comment', 'x'], '--comment is written to FILE.pub; add --out FILE'],
    [
      ['--comment', 'a\nssh-ed25519 AAAA', '--out', 'x'],
      '--comment: must be one line, not empty, without control or format characters',
    ],
    [['--out', ''], '--out: must be a file name'],
    [['--out', 'x.pub'], '--out: must name the private key file; x.pub looks like a public key file'],
    [
      ['--passphrase-env', 'hunter2'],
      '--passphrase-env: must be the name of an environment variable that contains the passphrase',
    ],
  ])('%j', async (args, message) => {
    expect(await ajwt(['keygen', ...args])).toMatchObject({ code: 1, stdout: '', stderr: `ajwt: ${message}\n` });
  });

  test('such as a variable with an empty passphrase', async () => {
    const { code } = await ajwt(['keygen', '--passphrase-env', 'EMPTY'], { env: { EMPTY: '' } });
    expect(code).toBe(1);
  });
});
