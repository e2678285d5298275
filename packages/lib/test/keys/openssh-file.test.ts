/** OpenSSH private key files (openssh PROTOCOL.key) written field by field; each wrong field is refused. */
import { generateKeyPairSync, type JsonWebKey } from 'node:crypto';
import { keyErrorCode } from 'ajwt-testkit/verify';
import { describe, expect, test } from 'vitest';
import { PrivateKey } from '../../src/index.ts';
import { concatBytes, sshMpint, sshString } from '../../src/keys/ssh-wire.ts';

const LABEL = ['OPENSSH', 'PRIVATE', 'KEY'].join(' ');
const uint32 = (value: number) => Uint8Array.of(value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255);
const bytesOf = (text: string | undefined) => new Uint8Array(Buffer.from(text ?? '', 'base64url'));

const jwk = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' });
const other = generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' });
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' });
const publicKey = bytesOf(jwk.x);
const seed = bytesOf(jwk.d);
const publicBlob = concatBytes(sshString('ssh-ed25519'), sshString(publicKey));

/** The fields of a file that a test can replace. */
interface Fields {
  readonly magic?: string;
  readonly cipher?: string;
  readonly count?: number;
  readonly publicBlob?: Uint8Array;
  readonly checks?: readonly [number, number];
  readonly type?: string;
  readonly key?: Uint8Array;
  readonly padding?: Uint8Array;
  readonly trailing?: Uint8Array;
}

/** Pads to the block size of 8 with the bytes 1, 2, 3, … */
function paddingOf(length: number): Uint8Array {
  return Uint8Array.from({ length: (8 - (length % 8)) % 8 }, (_none, index) => index + 1);
}

function file(fields: Fields = {}): string {
  const { magic = 'openssh-key-v1\0', cipher = 'none', count = 1, checks = [7, 7], type = 'ssh-ed25519' } = fields;
  const { key = concatBytes(sshString(publicKey), sshString(concatBytes(seed, publicKey))) } = fields;
  const content = concatBytes(uint32(checks[0]), uint32(checks[1]), sshString(type), key, sshString('a comment'));
  const section = concatBytes(content, fields.padding ?? paddingOf(content.length));
  const whole = concatBytes(
    Buffer.from(magic, 'latin1'),
    ...[sshString(cipher), sshString(cipher === 'none' ? 'none' : 'bcrypt'), sshString('')],
    ...[uint32(count), sshString(fields.publicBlob ?? publicBlob), sshString(section)],
    fields.trailing ?? new Uint8Array(),
  );
  const lines = Buffer.from(whole)
    .toString('base64')
    .replace(/.{70}(?=.)/g, '$&\n');
  return `-----BEGIN ${LABEL}-----\n${lines}\n-----END ${LABEL}-----\n`;
}

/** Makes a file with an RSA key; `change` replaces numbers. */
function rsaFile(change: Partial<JsonWebKey> = {}): string {
  const { n, e, d, qi, p, q } = { ...rsa, ...change };
  const numbers = [n, e, d, qi, p, q].map((number) => sshMpint(bytesOf(number)));
  return file({
    type: 'ssh-rsa',
    publicBlob: concatBytes(sshString('ssh-rsa'), sshMpint(bytesOf(e)), sshMpint(bytesOf(n))),
    key: concatBytes(...numbers),
  });
}

describe('an OpenSSH private key file', () => {
  test('with correct fields is imported', () => {
    expect(PrivateKey.from(file()).kid).toBe(PrivateKey.from(jwk).kid);
    expect(PrivateKey.from(rsaFile()).kid).toBe(PrivateKey.from(rsa).kid);
    expect(PrivateKey.from(rsaFile()).toJwk()).toMatchObject(rsa);
  });

  test.each<readonly [what: string, fields: Fields, code: string]>([
    ['other magic', { magic: 'openssh-key-v2\0' }, 'malformed'],
    ['two keys', { count: 2 }, 'unsupported'],
    ['no key', { count: 0 }, 'unsupported'],
    ['an unknown cipher', { cipher: 'rot13' }, 'unsupported'],
    ['a cipher but no salt', { cipher: 'aes256-ctr' }, 'malformed'],
    [
      'the public key of another key',
      { publicBlob: concatBytes(sshString('ssh-ed25519'), sshString(bytesOf(other.x))) },
      'malformed',
    ],
    ['a public key with bytes after it', { publicBlob: concatBytes(publicBlob, uint32(0)) }, 'malformed'],
    ['different check numbers', { checks: [7, 8] }, 'malformed'],
    ['another type', { type: 'ssh-rsa' }, 'malformed'],
    ['a FIDO type', { type: 'sk-ssh-ed25519@openssh.com' }, 'unsupported'],
    ['a DSA type', { type: 'ssh-dss' }, 'unsupported'],
    ['a certificate type', { type: 'ssh-ed25519-cert-v01@openssh.com' }, 'unsupported'],
    ['wrong padding', { padding: Uint8Array.of(1, 2, 4) }, 'malformed'],
    ['long padding', { padding: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8) }, 'malformed'],
    ['bytes after its end', { trailing: Uint8Array.of(0) }, 'malformed'],
    ['a public key of 31 bytes', { key: concatBytes(sshString(publicKey.subarray(1)), sshString(seed)) }, 'malformed'],
    ['a length that is too large', { key: uint32(0xffff_ffff) }, 'malformed'],
    [
      'two different public keys',
      { key: concatBytes(sshString(publicKey), sshString(concatBytes(seed, bytesOf(other.x)))) },
      'malformed',
    ],
    [
      'the private part of another key',
      { key: concatBytes(sshString(publicKey), sshString(concatBytes(bytesOf(other.x), publicKey))) },
      'malformed',
    ],
  ])('with %s is refused', (_what, fields, code) => {
    expect(keyErrorCode(() => PrivateKey.from(file(fields)))).toBe(code);
  });

  test.each([
    ['p = 0', { p: '' }],
    ['p = 1', { p: 'AQ' }],
    ['q = 0', { q: '' }],
    ['an even p', { p: 'Ag' }],
    ['the n of another key', { n: `${'z'.repeat(341)}Q` }],
  ])('of RSA with %s is refused', (_what, change) => {
    expect(keyErrorCode(() => PrivateKey.from(rsaFile(change)))).toBe('malformed');
  });

  test('truncated at any byte is refused', () => {
    const lines = file().split('\n');
    const bytes = Buffer.from(lines.slice(1, -2).join(''), 'base64');
    for (let length = 0; length < bytes.length; length++) {
      const cut = [
        lines[0],
        bytes
          .subarray(0, length)
          .toString('base64')
          .replace(/.{70}(?=.)/g, '$&\n'),
        ...lines.slice(-2),
      ];
      expect(
        keyErrorCode(() => PrivateKey.from(cut.join('\n'))),
        String(length),
      ).toBe('malformed');
    }
  });
});
