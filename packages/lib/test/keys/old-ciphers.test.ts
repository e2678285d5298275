/** Private keys encrypted with ciphers that this OpenSSL lacks: the error names the cipher, and the command in it works. */
import { execFileSync, spawnSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readVectorText } from 'ajwt-testkit/vectors';
import { keyErrorCode } from 'ajwt-testkit/verify';
import { afterAll, describe, expect, test } from 'vitest';
import { hasCipher } from '#engine';
import { PrivateKey } from '../../src/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'ajwt-old-ciphers-'));
afterAll(() => rmSync(folder, { recursive: true }));
const PROVIDERS = ['-provider', 'legacy', '-provider', 'default'];
const openssl = (...args: readonly string[]) =>
  execFileSync('openssl', args, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
const hasLegacy = spawnSync('openssl', ['list', '-providers', ...PROVIDERS]).status === 0;

function messageOf(text: string, passphrase?: string): string {
  try {
    PrivateKey.from(text, passphrase === undefined ? {} : { passphrase });
    return 'accepted';
  } catch (error) {
    return (error as Error).message;
  }
}

/** Runs the command in a message, with the two passphrases that a person would type. */
function runCommandOf(message: string, text: string): string {
  const command = /`openssl ([^`]+)`/.exec(message)?.[1] as string;
  writeFileSync(join(folder, 'FILE'), text);
  openssl(...command.split(' '), '-passin', 'pass:pw', '-passout', 'pass:new');
  return readFileSync(join(folder, 'NEW'), 'utf8');
}

describe('a key encrypted with PBE-MD5-DES', () => {
  const text = readVectorText('tool-output/private-pbe-md5-des-passphrase-pw.pem');

  test.each([
    ['with the right passphrase', { passphrase: 'pw' }],
    ['with a wrong passphrase', { passphrase: 'no' }],
    ['without a passphrase', {}],
  ])('is unsupported %s', (_what, options) => {
    expect(keyErrorCode(() => PrivateKey.from(text, options))).toBe('unsupported');
  });

  test('is refused with an error that names the cipher and a command to encrypt the key again', () => {
    expect(messageOf(text, 'pw')).toBe(
      'this private key is encrypted with PBE-MD5-DES, which this OpenSSL lacks; re-encrypt a copy with ' +
        '`openssl pkcs8 -topk8 -v2 aes256 -provider legacy -provider default -in FILE -out NEW`',
    );
  });

  test('is decrypted if OpenSSL has its legacy provider', () => {
    const script = `const { PrivateKey } = await import(process.argv[1]);
      try { console.log(PrivateKey.from(process.argv[2], { passphrase: process.argv[3] }).alg); } catch ({ code }) { console.log(code); }`;
    const run = (passphrase: string) => {
      const source = new URL('../../src/index.ts', import.meta.url).pathname;
      const args = ['--conditions=source', '--no-warnings', '--input-type=module', '--eval', script];
      return execFileSync(process.execPath, ['--openssl-legacy-provider', ...args, source, text, passphrase], {
        encoding: 'utf8',
      }).trim();
    };
    expect([run('pw'), run('no')]).toEqual(['RS512', 'wrong_passphrase']);
  });
});

/** The schemes of PBES1 by their names in OpenSSL, with their ciphers. */
const PBES1: Readonly<Record<string, string>> = {
  'PBE-MD5-DES': 'des-cbc',
  'PBE-MD5-RC2-64': 'rc2-64-cbc',
  'PBE-SHA1-DES': 'des-cbc',
  'PBE-SHA1-RC2-64': 'rc2-64-cbc',
  'PBE-SHA1-RC4-128': 'rc4',
  'PBE-SHA1-RC4-40': 'rc4-40',
  'PBE-SHA1-3DES': 'des-ede3-cbc',
  'PBE-SHA1-2DES': 'des-ede-cbc',
  'PBE-SHA1-RC2-128': 'rc2-cbc',
  'PBE-SHA1-RC2-40': 'rc2-40-cbc',
};
const PBES2 = [
  ...['aes-128-cbc', 'aes-192-cbc', 'aes-256-cbc', 'aes-256-ofb', 'aes-256-cfb', 'des-ede3-cbc', 'des-cbc', 'rc2-cbc'],
  ...['rc4', 'bf-cbc', 'cast5-cbc', 'seed-cbc', 'camellia-128-cbc', 'camellia-256-cbc', 'aria-128-cbc', 'sm4-cbc'],
];
const TRADITIONAL = [
  'des-cbc',
  'des-ede3-cbc',
  'des-ede-cbc',
  'rc2-cbc',
  'bf-cbc',
  'cast5-cbc',
  'seed-cbc',
  'aes-256-ctr',
];
const HASHES = [
  'hmacWithMD5',
  'hmacWithSHA1',
  'hmacWithSHA224',
  'hmacWithSHA384',
  'hmacWithSHA512',
  'hmacWithSHA512-256',
];

describe.skipIf(!hasLegacy)('a key written by openssl with its legacy provider (skipped without it)', () => {
  if (hasLegacy) openssl('genrsa', '-out', 'key', '2048');
  const { kid } = hasLegacy ? PrivateKey.from(readFileSync(join(folder, 'key'), 'utf8')) : { kid: '' };
  const out = ['-passout', 'pass:pw', '-in', 'key'];
  const cases: readonly (readonly [what: string, cipher: string, args: readonly string[]])[] = [
    ...Object.entries(PBES1).map(([name, cipher]) => [name, cipher, ['pkcs8', '-topk8', '-v1', name]] as const),
    ...PBES2.map((cipher) => [`PBES2 of ${cipher}`, cipher, ['pkcs8', '-topk8', '-v2', cipher]] as const),
    ...HASHES.map((hash) => [hash, 'aes-256-cbc', ['pkcs8', '-topk8', '-v2', 'aes256', '-v2prf', hash]] as const),
    ...TRADITIONAL.map((cipher) => [`DEK-Info of ${cipher}`, cipher, ['rsa', '-traditional', `-${cipher}`]] as const),
    ['scrypt', 'aes-256-cbc', ['pkcs8', '-topk8', '-scrypt', '-scrypt_N', '1024']],
  ];

  test.each(cases)('%s is decrypted, or the error contains a command that works', (what, cipher, args) => {
    const [command = '', ...rest] = args;
    const text = openssl(command, ...PROVIDERS, ...rest, ...out);
    if (hasCipher(cipher)) {
      expect(PrivateKey.from(text, { passphrase: 'pw' }).kid).toBe(kid);
      expect(keyErrorCode(() => PrivateKey.from(text, { passphrase: 'no' }))).toBe('wrong_passphrase');
      expect(keyErrorCode(() => PrivateKey.from(text))).toBe('passphrase_required');
      return;
    }
    for (const passphrase of ['pw', 'no', undefined]) {
      expect(keyErrorCode(() => PrivateKey.from(text, passphrase === undefined ? {} : { passphrase }))).toBe(
        'unsupported',
      );
    }
    const message = messageOf(text, 'pw');
    expect(message.toLowerCase()).toContain(`encrypted with ${(what in PBES1 ? what : cipher).toLowerCase()},`);
    expect(PrivateKey.from(runCommandOf(message, text), { passphrase: 'new' }).kid).toBe(kid);
  });

  test('is encrypted with a supported cipher in some of these cases, and with an unsupported one in others', () => {
    expect([...new Set(cases.map(([, cipher]) => hasCipher(cipher)))].sort()).toEqual([false, true]);
  });
});

describe('a key encrypted with a scheme that no OpenSSL supports', () => {
  const pair = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const locked = { format: 'pem', cipher: 'aes-256-cbc', passphrase: 'pw' } as const;
  const aes = pair.privateKey.export({ type: 'pkcs8', ...locked }) as string;
  const traditional = pair.privateKey.export({ type: 'pkcs1', ...locked }) as string;
  /** Replaces a part of the DER, given in hex, with another one of the same length. */
  const patched = (text: string, from: string, to: string) => {
    const hex = Buffer.from(text.replace(/-----[^-]+-----|\n/g, ''), 'base64').toString('hex');
    expect([hex.split(from).length, to.length]).toEqual([2, from.length]);
    const base64 = Buffer.from(hex.replace(from, to), 'hex').toString('base64');
    const label = ['ENCRYPTED', 'PRIVATE', 'KEY'].join(' ');
    return `-----BEGIN ${label}-----\n${base64}\n-----END ${label}-----\n`;
  };
  const tool = /re-encrypt a copy with AES-256-CBC \(PBES2, PBKDF2\), using the program that wrote it/;

  test.each([
    ['PBES2 with AES-256-GCM', () => patched(aes, '60864801650304012a', '60864801650304012e')],
    ['PBES2 with an unknown cipher', () => patched(aes, '60864801650304012a', '60864801650304017f')],
    ['PBES2 with an unknown hash', () => patched(aes, '2a864886f70d0209', '2a864886f70d027f')],
    ['PBES2 with another key derivation', () => patched(aes, '2a864886f70d01050c', '2a864886f70d01057f')],
    ['an unknown scheme', () => patched(aes, '2a864886f70d01050d', '2a864886f70d01057f')],
    ['DEK-Info with an unknown cipher', () => traditional.replace('AES-256-CBC', 'GUIDO-SECRET-CBC')],
    ['DEK-Info with AES-256-GCM', () => traditional.replace('AES-256-CBC', 'AES-256-GCM')],
  ])('%s: the error says to use the program that wrote the key', (_what, make) => {
    const text = make();
    expect(keyErrorCode(() => PrivateKey.from(text))).toBe('passphrase_required');
    expect(keyErrorCode(() => PrivateKey.from(text, { passphrase: 'pw' }))).toBe('unsupported');
    expect(messageOf(text, 'pw')).toMatch(tool);
    expect(messageOf(text, 'pw')).not.toContain('SECRET');
  });

  test('PBE-MD2-DES: the error also says to use the program that wrote the key, because even the legacy provider lacks MD2', () => {
    const md5 = readVectorText('tool-output/private-pbe-md5-des-passphrase-pw.pem');
    const text = patched(md5, '2a864886f70d010503', '2a864886f70d010501');
    expect(keyErrorCode(() => PrivateKey.from(text))).toBe('unsupported');
    expect(messageOf(text)).toMatch(/encrypted with PBE-MD2-DES, which this OpenSSL lacks/);
    expect(messageOf(text)).toMatch(tool);
  });

  test.skipIf(!hasLegacy)('scrypt with too much memory: the error is too_large, and not a wrong passphrase', () => {
    const args = ['pkcs8', '-topk8', '-scrypt', '-scrypt_N', '16384', '-passout', 'pass:pw', '-in', 'key'];
    // Changes r from 8 to 127, which takes 266 MB; the search text also contains p = 1, so that it occurs once.
    const text = patched(openssl(...args), '02024000020108020101', '0202400002017f020101');
    expect(keyErrorCode(() => PrivateKey.from(text, { passphrase: 'pw' }))).toBe('too_large');
    expect(messageOf(text, 'pw')).toMatch(/32 MiB/);
  });
});
