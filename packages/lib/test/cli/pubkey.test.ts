/** `ajwt pubkey` in every input format and every output format. */
import { readFileSync, writeFileSync } from 'node:fs';
import { ajwt, lacks, scratch, shell } from 'ajwt-testkit/ajwt';
import { runProgram } from 'ajwt-testkit/command';
import { beforeAll, describe, expect, test } from 'vitest';
import { PrivateKey, PublicKey } from '../../src/index.ts';

const file = scratch();
const PASSPHRASE = 'correct horse battery staple';
let key: PublicKey;

beforeAll(async () => {
  const made = await PrivateKey.generate('rsa', { bits: 2048 });
  key = made.publicKey;
  writeFileSync(file('pkcs8'), made.toPem());
  writeFileSync(file('encrypted'), made.toPem(PASSPHRASE));
  writeFileSync(file('private.jwk'), JSON.stringify(made.toJwk()));
  writeFileSync(file('escaped'), made.toPem().replaceAll('\n', '\\n'));
  writeFileSync(file('spki'), key.toPem());
  writeFileSync(file('pkcs1'), key.toPkcs1Pem());
  writeFileSync(file('openssh'), `${key.toOpenSsh('guido@laptop')}\n`);
  writeFileSync(file('public.jwk'), JSON.stringify(key.toJwk()));
});

test.each(['pkcs8', 'private.jwk', 'escaped', 'spki', 'pkcs1', 'openssh', 'public.jwk'])(
  'reads %s from a file or standard input',
  async (name) => {
    const printed = { code: 0, stdout: key.toPem(), stderr: '' };
    expect(await ajwt(['pubkey', file(name)])).toMatchObject(printed);
    expect(await ajwt(['pubkey', '-'], { input: readFileSync(file(name)) })).toMatchObject(printed);
  },
);

test('prints PEM, an OpenSSH line, a JWK, and the three identifiers', async () => {
  const print = async (...args: string[]) => (await ajwt(['pubkey', file('openssh'), ...args])).stdout;
  expect(await print()).toBe(key.toPem());
  expect(await print('--openssh')).toBe(`${key.toOpenSsh('guido@laptop')}\n`);
  expect(JSON.parse(await print('--jwk'))).toEqual(key.toJwk());
  expect(await print('--fingerprint')).toBe(
    `kid          ${key.kid}\nthumbprint   ${key.thumbprint}\nfingerprint  ${key.fingerprint}\n`,
  );
});

test('prints only the public members of a private JWK', async () => {
  const { stdout } = await ajwt(['pubkey', file('private.jwk'), '--jwk']);
  expect(JSON.parse(stdout)).toEqual(key.toJwk());
});

test('opens an encrypted key with AJWT_PASSPHRASE', async () => {
  const args = ['pubkey', file('encrypted')];
  expect((await ajwt(args, { env: { AJWT_PASSPHRASE: PASSPHRASE } })).stdout).toBe(key.toPem());
  expect(await ajwt(args)).toMatchObject({
    code: 1,
    stderr: 'ajwt: this private key is encrypted; give its passphrase in AJWT_PASSPHRASE, or with --passphrase-fd\n',
  });
});

test('reads the output of `ajwt keygen` from a pipe', async () => {
  const { code, stdout } = await shell('ajwt keygen 2>/dev/null | sed "/PUBLIC/,\\$d" | ajwt pubkey - --openssh');
  expect(code).toBe(0);
  expect(PublicKey.from(stdout).type).toBe('ed25519');
});

describe.skipIf(lacks('ssh-keygen', '-?') || lacks('openssl', 'version'))(
  'ajwt pubkey reads keys of other programs (needs ssh-keygen and openssl)',
  () => {
    test('an OpenSSH private key', async () => {
      runProgram('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', file('id_ed25519')]);
      const [, fingerprint] = runProgram('ssh-keygen', ['-l', '-f', file('id_ed25519')]).split(' ');
      expect((await ajwt(['pubkey', file('id_ed25519'), '--fingerprint'])).stdout).toContain(
        `fingerprint  ${fingerprint}\n`,
      );
    });

    test('an EC key with parameters, as openssl writes it', async () => {
      const pem = runProgram('openssl', ['ecparam', '-name', 'prime256v1', '-genkey']);
      expect((await ajwt(['pubkey', '-'], { input: pem })).stdout).toBe(
        runProgram('openssl', ['pkey', '-pubout'], pem),
      );
    });
  },
);

describe('an unreadable key is refused with the reason', () => {
  const words = 'give PEM, an OpenSSH public key line, or a JWK';
  test.each<[string, string, string | RegExp]>([
    ['text', 'hello', `this is not a key in any known format; ${words}`],
    ['nothing', '', 'this is empty; a key was expected'],
    [
      'a certificate',
      '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n',
      /^this is a certificate; extract its public key/,
    ],
    ['a symmetric JWK', '{"kty":"oct","k":"AAAA"}', /^this is a symmetric JWK/],
    [
      'a broken private key',
      '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n',
      /the PEM block is damaged/,
    ],
    ['a FIDO key', 'sk-ssh-ed25519@openssh.com AAAA', /^this is a FIDO key/],
    ['much', 'a'.repeat(20_000), 'this text is longer than 16384 characters, the limit for a key'],
  ])('%s', async (_name, input, message) => {
    const { code, stdout, stderr } = await ajwt(['pubkey', '-'], { input });
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr.slice('ajwt: '.length, -1)).toMatch(message);
  });

  test.each([
    [[], 'no key; give a file name, ssh-agent, or - for standard input'],
    [['nowhere'], 'nowhere cannot be read: there is no such file (ENOENT)'],
    [['x', '--jwk', '--openssh'], 'give only one of --openssh and --jwk'],
  ])('%j', async (args, message) => {
    expect(await ajwt(['pubkey', ...args])).toMatchObject({ code: 1, stdout: '', stderr: `ajwt: ${message}\n` });
  });
});
