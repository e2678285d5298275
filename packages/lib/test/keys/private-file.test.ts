/** Private key files as tools write them: with text, certificates and parameters around the key. */
import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hasProgram } from 'ajwt-testkit/command';
import { readVectorText } from 'ajwt-testkit/vectors';
import { keyErrorCode } from 'ajwt-testkit/verify';
import { afterAll, describe, expect, test } from 'vitest';
import { PrivateKey, PublicKey } from '../../src/index.ts';

const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const { kid } = PrivateKey.from(pair.privateKey);
const pem = (type: 'pkcs8' | 'sec1') => pair.privateKey.export({ format: 'pem', type }) as string;
const [pkcs8, sec1] = [pem('pkcs8'), pem('sec1')];
const spki = pair.publicKey.export({ format: 'pem', type: 'spki' }) as string;
const other = generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' }) as string;
const block = (label: string, content = 'AAAA') => `-----BEGIN ${label}-----\n${content}\n-----END ${label}-----\n`;
const parameters = block('EC PARAMETERS', 'BggqhkjOPQMBBw==');
const certificate = block('CERTIFICATE');
const attributes =
  'Bag Attributes\n    friendlyName: schlüssel -- 1\n    localKeyID: 54 69 6D 65\nKey Attributes: <No Attributes>\n';

const READ: readonly (readonly [what: string, text: string])[] = [
  ['attributes before it', attributes + pkcs8],
  ['attributes in Latin-1, read as UTF-8', attributes.replace('ü', '\ufffd') + pkcs8],
  ['attributes with CRLF', (attributes + pkcs8).replaceAll('\n', '\r\n')],
  ['a certificate after it', pkcs8 + certificate],
  ['a certificate before it', certificate + pkcs8],
  ['a certificate after it, without a line end between them', pkcs8.trimEnd() + certificate],
  ['a chain of certificates with their attributes', attributes + pkcs8 + attributes + certificate + certificate],
  ['its public key after it', pkcs8 + spki],
  ['parameters before it', parameters + sec1],
  ['parameters and a certificate', parameters + sec1 + certificate],
  ['parameters on the same line', (parameters + sec1).trim().replaceAll('\n', ' ')],
  ['a damaged certificate', pkcs8 + block('CERTIFICATE', '*')],
  ['lines of text on both sides', `# the key of guido\n\n${pkcs8}# the end\n`],
];

describe('a private key is read with', () => {
  test.each(READ)('%s', (_what, text) => {
    const forms = [text, Buffer.from(text).toString('base64'), text.replaceAll('\r', '\\r').replaceAll('\n', '\\n')];
    for (const form of [...forms, `\ufeff${text}`, Buffer.from(`\ufeff${text}`).toString('base64')]) {
      expect(PrivateKey.from(form).kid).toBe(kid);
    }
  });

  test('the attributes that openssl pkcs12 writes for a file of keytool', () => {
    const text = readVectorText('tool-output/private-bag-attributes-keytool.pem');
    expect(text).toMatch(/^Bag Attributes/);
    expect(PrivateKey.from(text).kid).toBe(PrivateKey.from(text.slice(text.indexOf('-----BEGIN'))).kid);
  });
});

describe('a private key is refused with', () => {
  test.each([
    ['another private key', pkcs8 + other, /several private keys/],
    ['a second copy of itself', pkcs8 + pkcs8, /several private keys/],
    ['another private key in another format', sec1 + pkcs8, /several private keys/],
    ['an encrypted private key', pkcs8 + block('ENCRYPTED PRIVATE KEY'), /several private keys/],
    ['a private key of an unknown kind', pkcs8 + block('ANY PRIVATE KEY'), /several private keys/],
    ['an OpenPGP key', pkcs8 + block('PGP PRIVATE KEY BLOCK'), /several private keys/],
    ['other text on the BEGIN line', `KEY=${pkcs8}`, /not a private key in any known format/],
    [
      'other text on the BEGIN line, after another line',
      `# key\nKEY=${pkcs8}`,
      /not a private key in any known format/,
    ],
    ['other text on the END line', `${pkcs8.trimEnd()} x\n`, /first or last line contains other text/],
    ['a truncated certificate', pkcs8 + certificate.slice(0, 40), /incomplete/],
    ['a certificate inside it', pkcs8.replace('\n', `\n${certificate}`), /incomplete/],
    ['a certificate without its first line', pkcs8 + certificate.slice(28), /incomplete/],
  ])('%s', (_what, text, message) => {
    expect(keyErrorCode(() => PrivateKey.from(text))).toBe('malformed');
    expect(() => PrivateKey.from(text)).toThrow(message);
  });

  test.each([
    ['only certificates', attributes + certificate + certificate, 'unsupported', /is a certificate; the private key/],
    ['its public key and text', `# public\n${spki}`, 'public_key', /is a public key/],
    ['parameters and its public key', parameters + spki, 'public_key', /is a public key/],
    ['only parameters', parameters, 'unsupported', /this block only names a curve/],
  ])('a text without a private key is refused: %s', (_what, text, code, message) => {
    expect(keyErrorCode(() => PrivateKey.from(text))).toBe(code);
    expect(() => PrivateKey.from(text)).toThrow(message);
  });
});

describe('a public key', () => {
  test.each([
    ['text before it', `# public\n${spki}`],
    ['text after it', `${spki}# public\n`],
    ['parameters before it', parameters + spki],
    ['a certificate after it', spki + certificate],
    ['a second copy of itself', spki + spki],
  ])('is refused with %s', (_what, text) => {
    expect(keyErrorCode(() => PublicKey.from(text))).toBe('malformed');
  });

  test.each<readonly [what: string, text: string]>([
    ...READ,
    ['another private key', pkcs8 + other],
    ['damaged base64', block('PRIVATE KEY', '*')],
  ])('is expected, but the text is a private key with %s: the error code is private_key', (_what, text) => {
    expect(keyErrorCode(() => PublicKey.from(text))).toBe('private_key');
  });
});

describe.skipIf(!hasProgram('openssl', 'version'))('private keys written by openssl (skipped without openssl)', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ajwt-private-file-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const openssl = (...args: string[]) =>
    execFileSync('openssl', args, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });

  test('are read with the other content of a PKCS#12 file, and with their certificate', () => {
    openssl('req', '-x509', '-newkey', 'ed25519', '-nodes', '-keyout', 'key', '-out', 'cert', '-subj', '/CN=guido');
    openssl('pkcs12', '-export', '-inkey', 'key', '-in', 'cert', '-name', 'guido', '-passout', 'pass:x', '-out', 'p12');
    const plain = openssl('pkcs12', '-in', 'p12', '-passin', 'pass:x', '-nodes');
    const encrypted = openssl('pkcs12', '-in', 'p12', '-passin', 'pass:x', '-passout', 'pass:pw');
    for (const text of [plain, encrypted]) {
      for (const part of ['Bag Attributes', ' PRIVATE KEY-----', ' CERTIFICATE-----']) expect(text).toContain(part);
    }
    const [key, cert] = ['key', 'cert'].map((name) => readFileSync(join(folder, name), 'utf8')) as [string, string];
    const expected = PrivateKey.from(key).kid;
    for (const text of [plain, encrypted, key + cert, cert + key]) {
      expect(PrivateKey.from(text, { passphrase: 'pw' }).kid).toBe(expected);
    }
  });
});
