/** If the input is not a key of the expected kind, the error names the input and says what to do. */
import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hasProgram, runProgram } from 'ajwt-testkit/command';
import { afterAll, describe, expect, test } from 'vitest';
import { PrivateKey, PublicKey } from '../../src/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'ajwt-confusions-'));
afterAll(() => rmSync(folder, { recursive: true }));
const at = (name: string) => join(folder, name);

const all = process.env.AJWT_TEST_ALL !== undefined;
const openssl = (...args: string[]) =>
  execFileSync('openssl', args, { cwd: folder, stdio: ['ignore', 'pipe', 'ignore'] });

/** A file, and the errors of PrivateKey and PublicKey for it. */
type Row = readonly [
  what: string,
  file: string,
  asPrivate: readonly [string, RegExp],
  asPublic: readonly [string, RegExp],
];

async function check(file: string, asPrivate: readonly [string, RegExp], asPublic: readonly [string, RegExp]) {
  const error = (open: Promise<unknown>) =>
    open.then(
      () => expect.unreachable(),
      (reason: Error & { code: string }) => reason,
    );
  const forPrivate = await error(PrivateKey.fromFile(at(file)));
  expect([forPrivate.code, forPrivate.message]).toEqual([asPrivate[0], expect.stringMatching(asPrivate[1])]);
  const forPublic = await error(PublicKey.fromFile(at(file)));
  expect([forPublic.code, forPublic.message]).toEqual([asPublic[0], expect.stringMatching(asPublic[1])]);
}

const both = (code: string, message: RegExp) =>
  [
    [code, message],
    [code, message],
  ] as const;

describe('an error names', () => {
  const pair = generateKeyPairSync('ed25519');
  const rows: Row[] = [
    ['a PuTTY key', 'key.ppk', ...both('unsupported', /PuTTY key \(\.ppk\).*puttygen FILE -O private-openssh/)],
    ['a JWK set', 'keys.jwks', ...both('malformed', /JWK set; give one of its `keys`/)],
    ['a key in the ssh.com format', 'ssh2.key', ...both('unsupported', /ssh\.com.*ssh-keygen -i/)],
    ['an SSH 1 key', 'ssh1.key', ...both('unsupported', /SSH 1/)],
    ['an OpenPGP key', 'pgp.asc', ...both('unsupported', /OpenPGP/)],
    ['PKCS#8 in DER', 'ed25519.der', ...both('unsupported', /binary DER.*openssl pkey -inform DER/)],
    ['SPKI in DER', 'ed25519.pub.der', ...both('unsupported', /binary DER.*-pubin/)],
    ['RSA PKCS#8 in DER', 'rsa.der', ...both('unsupported', /binary DER.*openssl pkey -inform DER/)],
    ['RSA SPKI in DER', 'rsa.pub.der', ...both('unsupported', /binary DER/)],
    [
      'an encrypted private key',
      'encrypted.pem',
      ['passphrase_required', /encrypted; give its passphrase/],
      ['private_key', /give its public half/],
    ],
    [
      'a DSA key',
      'dsa.pem',
      ['unsupported', /DSA keys cannot sign tokens.*ssh-keygen -t ed25519/],
      ['private_key', /private key/],
    ],
  ];
  const der = (key: ReturnType<typeof generateKeyPairSync>['privateKey'], type: 'pkcs8' | 'spki') =>
    key.export({ format: 'der', type } as { format: 'der'; type: 'pkcs8' });
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const block = (label: string, text: string) => `-----BEGIN ${label}-----\n${text}\n-----END ${label}-----\n`;
  const files: Readonly<Record<string, string | Buffer>> = {
    'key.ppk': 'PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\nComment: x\nPublic-Lines: 2\n',
    'keys.jwks': JSON.stringify({ keys: [pair.publicKey.export({ format: 'jwk' })] }),
    'ssh2.key': '---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----\nAAAA\n---- END SSH2 ENCRYPTED PRIVATE KEY ----\n',
    'ssh1.key': 'SSH PRIVATE KEY FILE FORMAT 1.1\n\0\0\0',
    'pgp.asc': block('PGP PRIVATE KEY BLOCK', 'AAAA'),
    'ed25519.der': der(pair.privateKey, 'pkcs8'),
    'ed25519.pub.der': der(pair.publicKey, 'spki'),
    'rsa.der': der(rsa.privateKey, 'pkcs8'),
    'rsa.pub.der': der(rsa.publicKey, 'spki'),
    'encrypted.pem': pair.privateKey.export({ format: 'pem', type: 'pkcs8', cipher: 'aes-256-cbc', passphrase: 'x' }),
    'dsa.pem': block(['DSA', 'PRIVATE', 'KEY'].join(' '), 'AAAA'),
    'public.pem': pair.publicKey.export({ format: 'pem', type: 'spki' }),
  };
  for (const [name, content] of Object.entries(files)) writeFileSync(at(name), content);

  test.each(rows)('%s', (_what, file, asPrivate, asPublic) => check(file, asPrivate, asPublic));

  test('a public key in PEM instead of a private one', async () => {
    await expect(PrivateKey.fromFile(at('public.pem'))).rejects.toMatchObject({
      code: 'public_key',
      message: expect.stringMatching(/public key \(a PEM block PUBLIC KEY\).*without \.pub/),
    });
  });

  test('text that begins with a zero correctly: as text, not as a binary file', () => {
    for (const text of ['0', '00', '0123456789abcdef', '0 0']) {
      expect(() => PrivateKey.from(text)).toThrow(/not a private key in any known format/);
    }
  });
});

describe.skipIf(!all && !hasProgram('openssl', 'version'))(
  'an error names a file of openssl (skipped without openssl):',
  () => {
    test.each<Row>([
      ['PKCS#12', 'key.p12', ...both('unsupported', /PKCS#12.*openssl pkcs12 -nocerts/)],
      [
        'a certificate',
        'cert.pem',
        ['unsupported', /certificate; the private key.*another file/],
        ['unsupported', /openssl x509 -noout -pubkey/],
      ],
      ['a certificate in DER', 'cert.der', ...both('unsupported', /binary DER/)],
      [
        'a certificate request',
        'request.pem',
        ['unsupported', /certificate request; the private key/],
        ['unsupported', /certificate/],
      ],
    ])('%s', async (_what, file, asPrivate, asPublic) => {
      openssl(
        'req',
        '-x509',
        '-newkey',
        'ed25519',
        '-nodes',
        '-keyout',
        'key.pem',
        '-out',
        'cert.pem',
        '-subj',
        '/CN=x',
      );
      openssl('x509', '-in', 'cert.pem', '-outform', 'DER', '-out', 'cert.der');
      openssl('req', '-new', '-key', 'key.pem', '-subj', '/CN=x', '-out', 'request.pem');
      openssl('pkcs12', '-export', '-inkey', 'key.pem', '-in', 'cert.pem', '-passout', 'pass:x', '-out', 'key.p12');
      await check(file, asPrivate, asPublic);
    });
  },
);

describe.skipIf(!all && !hasProgram('ssh-keygen', '-?'))(
  'an error names a file of ssh-keygen (skipped without ssh-keygen):',
  () => {
    test('an OpenSSH certificate', async () => {
      for (const name of ['ca', 'user']) runProgram('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', at(name)]);
      runProgram('ssh-keygen', ['-q', '-s', at('ca'), '-I', 'id', '-n', 'guido', at('user.pub')]);
      await check(
        'user-cert.pub',
        ['public_key', /OpenSSH certificate; the private key is in the file without -cert\.pub/],
        ['unsupported', /OpenSSH certificate; give the public key itself/],
      );
    });

    test('a public key instead of a private one, and the reverse', () => {
      runProgram('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', at('plain')]);
      const read = (name: string) => readFileSync(at(name), 'utf8');
      expect(() => PrivateKey.from(read('plain.pub'))).toThrow(
        'this is an OpenSSH public key; the private key is in the file without .pub',
      );
      expect(() => PublicKey.from(read('plain'))).toThrow(/private key.*\.pub file, or `ssh-keygen -y`/);
    });
  },
);
