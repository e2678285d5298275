/** Private keys encrypted by ssh-keygen with each of its ciphers. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { hasProgram, runProgram } from 'ajwt-testkit/command';
import { keyErrorCode, verifies } from 'ajwt-testkit/verify';
import { afterAll, describe, expect, test } from 'vitest';
import { PrivateKey, PublicKey } from '../../src/index.ts';
import { poly1305 } from '../../src/keys/poly1305.ts';
import { SshReader, sshString } from '../../src/keys/ssh-wire.ts';

const there = process.env.AJWT_TEST_ALL !== undefined || hasProgram('ssh-keygen', '-?');
const folder = mkdtempSync(join(tmpdir(), 'ajwt-openssh-'));
afterAll(() => rmSync(folder, { recursive: true }));

const PASSPHRASE = 'cörrect horse';
const CIPHERS = [
  ...['aes128-ctr', 'aes192-ctr', 'aes256-ctr', 'aes128-cbc', 'aes192-cbc', 'aes256-cbc'],
  ...['aes128-gcm@openssh.com', 'aes256-gcm@openssh.com', 'chacha20-poly1305@openssh.com'],
];
const WITH_TAG = CIPHERS.filter((cipher) => cipher.includes('@'));
const KINDS = [
  ['ed25519', ['-t', 'ed25519']],
  ['rsa', ['-t', 'rsa', '-b', '2048']],
  ['ecdsa-256', ['-t', 'ecdsa', '-b', '256']],
  ['ecdsa-384', ['-t', 'ecdsa', '-b', '384']],
  ['ecdsa-521', ['-t', 'ecdsa', '-b', '521']],
] as const;
type Kind = (typeof KINDS)[number][0];

/** Generates a key with one round of bcrypt to keep the tests fast. */
function make(kind: Kind, cipher: string, rounds = '1') {
  const path = join(folder, `${kind}-${cipher}-${rounds}`);
  const args = KINDS.find(([name]) => name === kind)?.[1] ?? [];
  runProgram('ssh-keygen', [
    '-q',
    ...args,
    '-N',
    PASSPHRASE,
    '-Z',
    cipher,
    '-a',
    rounds,
    '-C',
    'a comment',
    '-f',
    path,
  ]);
  return { path, text: readFileSync(path, 'utf8'), publicKey: PublicKey.from(readFileSync(`${path}.pub`, 'utf8')) };
}

const bytesOf = (text: string) => Buffer.from(text.split('\n').slice(1, -2).join(''), 'base64');
function textOf(bytes: Uint8Array, like: string): string {
  const lines = like.split('\n');
  const base64 = Buffer.from(bytes).toString('base64');
  return [lines[0], ...(base64.match(/.{1,70}/g) ?? []), ...lines.slice(-2)].join('\n');
}

/** Returns the offsets of the rounds, the public key, the private section, and the bytes after it. */
function partsOf(bytes: Buffer) {
  const reader = new SshReader(bytes);
  reader.startsWith('openssh-key-v1\0');
  const cipher = reader.text();
  const kdf = reader.text();
  const options = reader.string();
  reader.uint32();
  const publicBlob = reader.string();
  const section = reader.string();
  const at = (part: Uint8Array) => part.byteOffset - bytes.byteOffset;
  return {
    cipher,
    kdf,
    rounds: at(options) + options.length - 4,
    publicBlob: at(publicBlob),
    section: at(section),
    end: at(section) + section.length,
  };
}

/** Returns the file with some bytes changed. */
function changed(text: string, change: (bytes: Buffer, parts: ReturnType<typeof partsOf>) => void): string {
  const bytes = bytesOf(text);
  change(bytes, partsOf(bytes));
  return textOf(bytes, text);
}

const flip = (bytes: Buffer, at: number) => bytes.writeUInt8((bytes[at] as number) ^ 1, at);

describe.skipIf(!there)('private keys encrypted by ssh-keygen (skipped without ssh-keygen)', () => {
  const keys = new Map<string, ReturnType<typeof make>>();
  const made = (kind: Kind, cipher: string) => {
    const name = `${kind} ${cipher}`;
    const key = keys.get(name) ?? make(kind, cipher);
    keys.set(name, key);
    return key;
  };

  test.each(CIPHERS)('with %s are decrypted only with the right passphrase', async (cipher) => {
    const { path, text, publicKey } = made('ed25519', cipher);
    const key = PrivateKey.from(text, { passphrase: PASSPHRASE });
    expect(key.kid).toBe(publicKey.kid);
    const bytes = Buffer.from('header.payload');
    expect(verifies(publicKey, key.alg, bytes, key.sign(bytes))).toBe(true);
    expect((await PrivateKey.fromFile(path, { passphrase: PASSPHRASE })).kid).toBe(publicKey.kid);
    expect(keyErrorCode(() => PrivateKey.from(text))).toBe('passphrase_required');
    expect(keyErrorCode(() => PrivateKey.from(text, { passphrase: '' }))).toBe('passphrase_required');
    expect(keyErrorCode(() => PrivateKey.from(text, { passphrase: 'wrong' }))).toBe('wrong_passphrase');
    expect(keyErrorCode(() => PublicKey.from(text))).toBe('private_key');
  });

  test.each(
    KINDS.slice(1).flatMap(([kind]) => ['aes256-ctr', ...WITH_TAG.slice(1)].map((cipher) => [kind, cipher] as const)),
  )('of type %s with %s are decrypted', (kind, cipher) => {
    const { text, publicKey } = made(kind, cipher);
    expect(PrivateKey.from(text, { passphrase: PASSPHRASE }).kid).toBe(publicKey.kid);
    expect(PrivateKey.from(text.replaceAll('\n', '\\n'), { passphrase: PASSPHRASE }).kid).toBe(publicKey.kid);
  });

  test('with the default number of rounds are decrypted', () => {
    const path = join(folder, 'usual');
    runProgram('ssh-keygen', ['-q', '-t', 'ed25519', '-N', PASSPHRASE, '-f', path]);
    const publicKey = PublicKey.from(readFileSync(`${path}.pub`, 'utf8'));
    expect(PrivateKey.from(readFileSync(path, 'utf8'), { passphrase: PASSPHRASE }).kid).toBe(publicKey.kid);
  });

  test.each(WITH_TAG)('with %s are refused if any bit of the private section or its tag has been changed', (cipher) => {
    const { text } = made('ed25519', cipher);
    const { section, end } = partsOf(bytesOf(text));
    for (const at of [section, section + 40, end - 1, end, end + 15]) {
      const damaged = changed(text, (bytes) => flip(bytes, at));
      expect(
        keyErrorCode(() => PrivateKey.from(damaged, { passphrase: PASSPHRASE })),
        `byte ${at}`,
      ).toBe('wrong_passphrase');
    }
  });

  test.each(['aes256-ctr', 'aes256-cbc'])(
    'with %s are malformed if a byte after the check numbers has been changed',
    (cipher) => {
      const { text } = made('ed25519', cipher);
      const damaged = changed(text, (bytes, { end }) => flip(bytes, end - 1));
      expect(keyErrorCode(() => PrivateKey.from(damaged, { passphrase: PASSPHRASE }))).toBe('malformed');
    },
  );

  test.each([
    ['0 rounds', 0, 'malformed'],
    ['513 rounds', 513, 'too_large'],
    ['2^32 - 1 rounds', 0xffff_ffff, 'too_large'],
  ])('with %s are refused before anything is computed, even without a passphrase', (_what, rounds, code) => {
    const text = changed(made('ed25519', 'aes256-ctr').text, (bytes, parts) =>
      bytes.writeUInt32BE(rounds, parts.rounds),
    );
    const start = performance.now();
    expect(keyErrorCode(() => PrivateKey.from(text, { passphrase: PASSPHRASE }))).toBe(code);
    expect(keyErrorCode(() => PrivateKey.from(text))).toBe(code);
    expect(performance.now() - start).toBeLessThan(1000);
  });

  test('with an unknown cipher or key derivation are refused with a command that converts them', () => {
    const { text } = made('ed25519', 'aes256-ctr');
    for (const [name, other] of [
      ['aes256-ctr', '3des-ctr__'],
      ['aes256-ctr', '__proto__!'],
      ['bcrypt', 'scrypt'],
    ] as const) {
      const strange = changed(text, (bytes) => bytes.write(other, bytes.indexOf(name), 'latin1'));
      expect(keyErrorCode(() => PrivateKey.from(strange, { passphrase: PASSPHRASE }))).toBe('unsupported');
      expect(() => PrivateKey.from(strange)).toThrow(/ssh-keygen -p -Z aes256-ctr/);
    }
  });

  test('with a key derivation but no cipher are malformed', () => {
    const { text } = made('ed25519', 'aes256-ctr');
    const bytes = bytesOf(text);
    const magic = Buffer.from('openssh-key-v1\0', 'latin1');
    const rest = bytes.subarray(magic.length + 4 + 'aes256-ctr'.length);
    const plain = textOf(Buffer.concat([magic, sshString('none'), rest]), text);
    expect(keyErrorCode(() => PrivateKey.from(plain, { passphrase: PASSPHRASE }))).toBe('malformed');
  });

  test('with a missing tag, or bytes after it, are malformed', () => {
    for (const cipher of WITH_TAG) {
      const { text } = made('ed25519', cipher);
      for (const bytes of [
        bytesOf(text).subarray(0, -1),
        bytesOf(text).subarray(0, -16),
        Buffer.concat([bytesOf(text), Buffer.from([0])]),
      ]) {
        expect(keyErrorCode(() => PrivateKey.from(textOf(bytes, text), { passphrase: PASSPHRASE }))).toBe('malformed');
      }
    }
  });

  test('with the public key of another key in the header are malformed', () => {
    const { text } = made('ed25519', 'aes256-gcm@openssh.com');
    const other = changed(text, (bytes, { publicBlob }) => flip(bytes, publicBlob + 30));
    expect(keyErrorCode(() => PrivateKey.from(other, { passphrase: PASSPHRASE }))).toBe('malformed');
  });

  test('are refused with an error that names the package to install, if bcrypt-pbkdf is missing', async () => {
    const { path, text } = made('ed25519', 'aes256-ctr');
    // The sources are copied to a folder from which Node does not find the package.
    const away = join(folder, 'away');
    mkdirSync(away);
    execFileSync('cp', ['-r', resolve('packages/lib/src'), resolve('packages/lib/package.json'), away]);
    const script = `
      import { PrivateKey } from './src/index.ts';
      for (const options of [{ passphrase: 'x' }, {}]) {
        await PrivateKey.fromFile(${JSON.stringify(path)}, options).catch(({ name, code, message }) => console.log(name, code, message));
      }`;
    writeFileSync(join(away, 'open.ts'), script);
    expect(text).toContain('OPENSSH');
    const printed = execFileSync(process.execPath, ['--conditions=source', join(away, 'open.ts')], {
      encoding: 'utf8',
    });
    expect(printed).toMatch(/^KeyError missing_peer .*`npm install bcrypt-pbkdf`\nKeyError passphrase_required /);
  });
});

describe('Poly1305', () => {
  const hex = (text: string) => Buffer.from(text.replaceAll(':', ''), 'hex');

  test.each([
    [
      'RFC 8439 §2.5.2',
      '85d6be7857556d337f4452fe42d506a80103808afb0db2fd4abff6af4149f51b',
      Buffer.from('Cryptographic Forum Research Group').toString('hex'),
      'a8061dc1305136c6c22b8baf0c0127a9',
    ],
    ['RFC 8439 §A.3 #7', `02${'00'.repeat(31)}`, 'ff'.repeat(16), `03${'00'.repeat(15)}`],
    ['RFC 8439 §A.3 #8', `02${'00'.repeat(15)}${'ff'.repeat(16)}`, `02${'00'.repeat(15)}`, `03${'00'.repeat(15)}`],
    [
      'RFC 8439 §A.3 #9',
      `01${'00'.repeat(31)}`,
      `${'ff'.repeat(16)}f0${'ff'.repeat(15)}11${'00'.repeat(15)}`,
      `05${'00'.repeat(15)}`,
    ],
    [
      'nothing',
      '85d6be7857556d337f4452fe42d506a80103808afb0db2fd4abff6af4149f51b',
      '',
      '0103808afb0db2fd4abff6af4149f51b',
    ],
  ])('%s', (_name, key, message, tag) => {
    expect(Buffer.from(poly1305(hex(key), hex(message))).toString('hex')).toBe(tag);
  });
});
