/** Private keys are read in all formats, and never reveal their secret. */
import { createPublicKey, createSecretKey, generateKeyPairSync, type JsonWebKey } from 'node:crypto';
import { format, inspect } from 'node:util';
import { keyErrorCode, verifies } from 'ajwt-testkit/verify';
import { describe, expect, test } from 'vitest';
import { KeyError, PrivateKey } from '../../src/index.ts';

const ed25519 = generateKeyPairSync('ed25519').privateKey;
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
const otherRsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
const jwkOf = (key: typeof rsa) => key.export({ format: 'jwk' });
const fresh = {
  ed25519: () => generateKeyPairSync('ed25519'),
  ec: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
};
const kid = PrivateKey.from(ed25519).kid;
const pem = PrivateKey.from(ed25519).toPem();

const asItIs = (text: string) => text;
const withEscapes = (text: string) => text.replaceAll('\n', '\\n');
const inBase64 = (text: string) => Buffer.from(text).toString('base64');

/** Returns a JWK in which `by` is added to a number. */
function shifted(jwk: JsonWebKey, member: 'p' | 'q', by: bigint): JsonWebKey {
  const hex = (BigInt(`0x${Buffer.from(jwk[member] as string, 'base64url').toString('hex')}`) + by).toString(16);
  return {
    ...jwk,
    [member]: Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex').toString('base64url'),
  };
}

describe('a private key', () => {
  test.each([
    ['Ed25519', ed25519],
    ['RSA', rsa],
    ['P-256', p256],
  ])('of %s is the same key in every format', (_kind, handle) => {
    const key = PrivateKey.from(handle);
    const forms = [key.toPem(), key.toJwk(), JSON.stringify(key.toJwk()), handle, handle.export({ format: 'jwk' })];
    for (const form of forms) {
      const again = PrivateKey.from(form);
      expect(again.kid).toBe(key.kid);
      expect(verifies(key.publicKey, key.alg, Buffer.from('text'), again.sign(Buffer.from('text')))).toBe(true);
    }
  });

  test.each([
    ['with \\n as two characters', pem.replaceAll('\n', '\\n')],
    ['with \\r\\n as four characters', pem.replaceAll('\n', '\\r\\n')],
    ['with \\n as two characters, but none at the end', pem.trim().replaceAll('\n', '\\n')],
    ['with CRLF', pem.replaceAll('\n', '\r\n')],
    ['with white space around it', `\n\t ${pem} \n`],
    ['in base64', Buffer.from(pem).toString('base64')],
    ['in base64 of several lines', `${Buffer.from(pem).toString('base64').replace(/.{76}/g, '$&\n')}\n`],
    ['with CRLF, in base64', Buffer.from(pem.replaceAll('\n', '\r\n')).toString('base64')],
  ])('is read from an environment variable %s', (_what, text) => {
    expect(PrivateKey.from(text).kid).toBe(kid);
  });

  test.each([
    ['a word', 'secret', 'malformed'],
    ['nothing', '', 'malformed'],
    ['base64 of something else', Buffer.from('x'.repeat(100)).toString('base64'), 'malformed'],
    ['base64 of base64', Buffer.from(Buffer.from(pem).toString('base64')).toString('base64'), 'malformed'],
    ['two keys', pem + pem, 'malformed'],
    ['a cut key', pem.slice(0, 60), 'malformed'],
    ['text before the key', `KEY=${pem}`, 'malformed'],
    ['the label of another format', pem.replaceAll('PRIVATE KEY', 'RSA PRIVATE KEY'), 'malformed'],
    ['the label of an OpenSSH file', pem.replaceAll('PRIVATE KEY', 'OPENSSH PRIVATE KEY'), 'malformed'],
    ['an unknown label', pem.replaceAll('PRIVATE KEY', 'ANY KEY'), 'unsupported'],
    ['a public PEM', PrivateKey.from(ed25519).publicKey.toPem(), 'public_key'],
    ['a public OpenSSH line', PrivateKey.from(ed25519).publicKey.toOpenSsh(), 'public_key'],
    ['a public JWK', JSON.stringify(PrivateKey.from(ed25519)), 'public_key'],
    ['a JWK set', JSON.stringify({ keys: [jwkOf(ed25519)] }), 'malformed'],
    ['1 MiB', 'A'.repeat(2 ** 20), 'too_large'],
  ])('is not read from %s', (_what, text, code) => {
    expect(keyErrorCode(() => PrivateKey.from(text))).toBe(code);
  });

  test.each([
    ['a public KeyObject', () => PrivateKey.from(createPublicKey(ed25519)), 'public_key'],
    ['a secret KeyObject', () => PrivateKey.from(createSecretKey(Buffer.alloc(32))), 'malformed'],
    ['a symmetric JWK', () => PrivateKey.from({ kty: 'oct', k: 'AAAA' }), 'malformed'],
  ])('is not created from %s', (_what, run, code) => {
    expect(keyErrorCode(run)).toBe(code);
  });

  test('is created only from strings and objects, and only with known options', () => {
    for (const input of [undefined, null, 7, true]) expect(() => PrivateKey.from(input as never)).toThrow(TypeError);
    expect(() => PrivateKey.from(pem, { password: 'x' } as never)).toThrow(/^option password: unknown/);
  });
});

describe('a private JWK is refused', () => {
  const ed = jwkOf(ed25519);
  const ec = jwkOf(p256);
  const big = jwkOf(rsa);
  const other = jwkOf(otherRsa);
  const { qi: _qi, ...withoutQi } = big;
  const onCurve = (namedCurve: string) => jwkOf(generateKeyPairSync('ec', { namedCurve }).privateKey);
  const [p384, p521] = [onCurve('P-384'), onCurve('P-521')];
  const longScalar = ({ d }: JsonWebKey) =>
    Buffer.concat([Buffer.from(d as string, 'base64url'), Buffer.alloc(40, 1)]).toString('base64url');

  test.each<readonly [what: string, jwk: object, code: string]>([
    ['Ed25519 with the x of another key', { ...ed, x: jwkOf(fresh.ed25519().privateKey).x }, 'malformed'],
    ['P-256 with the d of another key', { ...ec, d: jwkOf(fresh.ec().privateKey).d }, 'malformed'],
    ['P-256 with the y of another key', { ...ec, y: jwkOf(fresh.ec().privateKey).y }, 'malformed'],
    ['P-256 with d = 0', { ...ec, d: 'A'.repeat(43) }, 'malformed'],
    ['P-256 with d twice', { ...ec, d: `${ec.d}${ec.d}` }, 'malformed'],
    ['P-256 with 40 bytes after d', { ...ec, d: longScalar(ec) }, 'malformed'],
    ['P-384 with 40 bytes after d', { ...p384, d: longScalar(p384) }, 'malformed'],
    ['P-521 with 40 bytes after d', { ...p521, d: longScalar(p521) }, 'malformed'],
    ['RSA with the n of another key', { ...big, n: other.n }, 'malformed'],
    ['RSA with all private numbers of another key', { ...other, n: big.n }, 'malformed'],
    ['RSA with one prime of another key and its d', { ...big, p: other.p, d: other.d }, 'malformed'],
    ['RSA with an even p', shifted(big, 'p', 1n), 'malformed'],
    ['RSA with an even q', shifted(big, 'q', 1n), 'malformed'],
    ['RSA with p = 0', { ...big, p: 'AA' }, 'malformed'],
    ['RSA without qi', withoutQi, 'malformed'],
    ['RSA with more than two primes', { ...big, oth: [{ r: 'AQAB', d: 'AQ', t: 'AQ' }] }, 'unsupported'],
    ['an alg of another kind', { ...ed, alg: 'RS256' }, 'malformed'],
    ['an alg that is not a string', { ...ed, alg: 7 }, 'malformed'],
    ['another curve', { ...ec, crv: 'secp256k1' }, 'unsupported'],
  ])('%s', (_what, jwk, code) => {
    expect(keyErrorCode(() => PrivateKey.from(jwk as JsonWebKey))).toBe(code);
    expect(keyErrorCode(() => PrivateKey.from(JSON.stringify(jwk)))).toBe(code);
  });
});

describe('a private key of OpenSSL', () => {
  const locked = { cipher: 'aes-256-cbc', passphrase: 'secret' } as const;

  test.each([
    ['PKCS#1', rsa, 'pkcs1', 'RSA PRIVATE KEY'],
    ['SEC1', p256, 'sec1', 'EC PRIVATE KEY'],
  ] as const)(
    'in %s is read if it is plain or encrypted, and from an environment variable too',
    (_, handle, type, label) => {
      const { kid } = PrivateKey.from(handle);
      const plain = handle.export({ format: 'pem', type }) as string;
      const encrypted = handle.export({ format: 'pem', type, ...locked }) as string;
      expect(plain).toContain(`-----BEGIN ${label}-----`);
      expect(encrypted).toContain('Proc-Type: 4,ENCRYPTED');
      for (const form of [asItIs, withEscapes, inBase64]) {
        expect(PrivateKey.from(form(plain)).kid).toBe(kid);
        expect(PrivateKey.from(form(encrypted), { passphrase: 'secret' }).kid).toBe(kid);
        expect(keyErrorCode(() => PrivateKey.from(form(encrypted)))).toBe('passphrase_required');
        expect(keyErrorCode(() => PrivateKey.from(form(encrypted), { passphrase: 'wrong' }))).toBe('wrong_passphrase');
      }
    },
  );

  test('is malformed if its private number has more bytes than its curve allows', () => {
    const der = p256.export({ format: 'der', type: 'sec1' }) as Buffer;
    // Adds a byte before the number in SEQUENCE { INTEGER 1, OCTET STRING of 32 bytes, … } (RFC 5915 §3).
    expect(der.subarray(0, 7).toString('hex')).toBe('30770201010420');
    const longer = Buffer.concat([Buffer.from('3078020101042101', 'hex'), der.subarray(7)]);
    const lines = longer.toString('base64').match(/.{1,64}/g) as string[];
    const text = ['-----BEGIN EC PRIVATE KEY-----', ...lines, '-----END EC PRIVATE KEY-----', ''].join('\n');
    expect(keyErrorCode(() => PrivateKey.from(text))).toBe('malformed');
  });
});

describe('an encrypted private key', () => {
  const encrypted = PrivateKey.from(ed25519).toPem('pässphrase');

  test('is decrypted with its passphrase', () => {
    expect(encrypted).toContain('-----BEGIN ENCRYPTED');
    expect(PrivateKey.from(encrypted, { passphrase: 'pässphrase' }).kid).toBe(kid);
    expect(PrivateKey.from(encrypted.replaceAll('\n', '\\n'), { passphrase: 'pässphrase' }).kid).toBe(kid);
  });

  test.each([
    ['without a passphrase', {}, 'passphrase_required'],
    ['with an empty passphrase', { passphrase: '' }, 'passphrase_required'],
    ['with a wrong passphrase', { passphrase: 'passphrase' }, 'wrong_passphrase'],
  ])('is not decrypted %s', (_what, options, code) => {
    expect(keyErrorCode(() => PrivateKey.from(encrypted, options))).toBe(code);
  });

  test.each([
    ['empty', ''],
    ['of 1024 characters', 'x'.repeat(1024)],
    ['of 1025 characters', 'x'.repeat(1025)],
  ])('is written only with a passphrase that OpenSSL accepts; this one is %s', (_what, passphrase) => {
    let text = '';
    try {
      text = PrivateKey.from(ed25519).toPem(passphrase);
    } catch (error) {
      expect(error).toBeInstanceOf(TypeError);
      return;
    }
    expect(keyErrorCode(() => PrivateKey.from(text, { passphrase }))).toBe('accepted');
  });
});

describe('the secret of a private key does not appear', () => {
  test.each([
    ['Ed25519', ed25519],
    ['RSA', rsa],
    ['P-256', p256],
  ])('in the printed object, for %s', (_kind, handle) => {
    const key = PrivateKey.from(handle);
    const { d, p, q, dp, dq, qi } = jwkOf(handle);
    const shown = [
      ...[JSON.stringify(key), JSON.stringify({ key }), String(key), `${key}`, format('%o %O %j', key, key, key)],
      ...[inspect(key, { depth: 9, showHidden: true, getters: true }), inspect(structuredClone(key), { depth: 9 })],
      JSON.stringify({ ...key }),
    ].join('\n');
    for (const secret of [d, p, q, dp, dq, qi].filter((value) => value !== undefined)) {
      const bytes = Buffer.from(secret, 'base64url');
      for (const text of [secret, bytes.toString('base64'), bytes.toString('hex')]) expect(shown).not.toContain(text);
    }
    expect(JSON.parse(JSON.stringify(key))).not.toHaveProperty('d');
  });

  test('in any error about it', () => {
    const broken = pem.replace(/\n.{10}/, '\n**********');
    const secret = pem.split('\n')[1] as string;
    for (const text of [broken, pem + pem, `x${pem}`, JSON.stringify({ ...jwkOf(ed25519), crv: 'X' })]) {
      expect(() => PrivateKey.from(text)).toThrow(KeyError);
      expect(() => PrivateKey.from(text)).not.toThrow(secret.slice(10, 22));
      expect(() => PrivateKey.from(text)).not.toThrow((jwkOf(ed25519).d as string).slice(0, 12));
    }
  });
});
