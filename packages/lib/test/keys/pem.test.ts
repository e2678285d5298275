/** PEM text that tools, editors or environment variables have changed: which characters are ignored, compared with OpenSSL. */
import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto';
import { readVectorText } from 'ajwt-testkit/vectors';
import { keyErrorCode } from 'ajwt-testkit/verify';
import { describe, expect, test } from 'vitest';
import { PrivateKey, PublicKey } from '../../src/index.ts';

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const ed25519 = generateKeyPairSync('ed25519');
const passphrase = 'correct horse';
const locked = { cipher: 'aes-256-cbc', passphrase } as const;
const textOf = (exported: string | Buffer) => exported as string;

const PUBLIC: Readonly<Record<string, string>> = {
  'SPKI of RSA': textOf(rsa.publicKey.export({ format: 'pem', type: 'spki' })),
  'PKCS#1 public': textOf(rsa.publicKey.export({ format: 'pem', type: 'pkcs1' })),
  'SPKI of P-256': textOf(p256.publicKey.export({ format: 'pem', type: 'spki' })),
  'SPKI of Ed25519': textOf(ed25519.publicKey.export({ format: 'pem', type: 'spki' })),
};
const PRIVATE: Readonly<Record<string, string>> = {
  'PKCS#8 of RSA': textOf(rsa.privateKey.export({ format: 'pem', type: 'pkcs8' })),
  'PKCS#8 of Ed25519': textOf(ed25519.privateKey.export({ format: 'pem', type: 'pkcs8' })),
  'PKCS#1': textOf(rsa.privateKey.export({ format: 'pem', type: 'pkcs1' })),
  SEC1: textOf(p256.privateKey.export({ format: 'pem', type: 'sec1' })),
  'PKCS#8, encrypted': textOf(rsa.privateKey.export({ format: 'pem', type: 'pkcs8', ...locked })),
  'PKCS#1, encrypted': textOf(rsa.privateKey.export({ format: 'pem', type: 'pkcs1', ...locked })),
  'SEC1, encrypted': textOf(p256.privateKey.export({ format: 'pem', type: 'sec1', ...locked })),
  'of OpenSSH': opensshOf(),
};

/** Makes an unencrypted key in the format of OpenSSH (openssh PROTOCOL.key). */
function opensshOf(): string {
  const string = (...parts: readonly (Uint8Array | string)[]) => {
    const bytes = Buffer.concat(parts.map((part) => Buffer.from(part)));
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    return Buffer.concat([length, bytes]);
  };
  const { x, d } = ed25519.privateKey.export({ format: 'jwk' });
  const [publicBytes, seed] = [Buffer.from(x as string, 'base64url'), Buffer.from(d as string, 'base64url')];
  const type = string('ssh-ed25519');
  const fields = Buffer.concat([
    ...[Buffer.alloc(8), type, string(publicBytes), string(seed, publicBytes), string('comment')],
  ]);
  const padding = Buffer.from(Array.from({ length: -fields.length & 7 }, (_, index) => index + 1));
  const file = Buffer.concat([
    ...[Buffer.from('openssh-key-v1\0'), string('none'), string('none'), string(''), Buffer.from([0, 0, 0, 1])],
    ...[string(type, string(publicBytes)), string(fields, padding)],
  ]);
  return block('OPENSSH PRIVATE KEY', (file.toString('base64').match(/.{1,70}/g) as string[]).join('\n'));
}

function block(label: string, content: string): string {
  return `-----BEGIN ${label}-----\n${content}\n-----END ${label}-----\n`;
}

/** Makes a change of the base64 of a block, but not of its markers and headers. */
const inBase64 = (change: (base64: string) => string) => (text: string) =>
  text.replace(/([A-Z0-9 ]-----\n(?:[\s\S]*\n\n)?)([A-Za-z0-9+/=\n]+)(?=\n-----END)/, (_all, before, base64) => {
    return before + change(base64.replaceAll('\n', ''));
  });
const inLines = (length: number) =>
  inBase64((base64) => (base64.match(new RegExp(`.{1,${length}}`, 'g')) as string[]).join('\n'));
/** Makes a change that adds a character to the end of the first line of base64. */
const withAfterLine = (character: string) =>
  inBase64((base64) => `${base64.slice(0, 64)}${character}\n${base64.slice(64).replace(/.{64}(?=.)/g, '$&\n')}`);
const withInLine = (character: string) => inBase64((base64) => `${base64.slice(0, 10)}${character}${base64.slice(10)}`);

/** Changes that the library ignores, and whether OpenSSL can read an RSA SPKI block with each change. */
const IGNORED: readonly (readonly [what: string, change: (text: string) => string, openssl: boolean])[] = [
  ['nothing', (text) => text, true],
  ['CRLF', (text) => text.replaceAll('\n', '\r\n'), true],
  ['CR CR LF', (text) => text.replaceAll('\n', '\r\r\n'), true],
  ['CR alone', (text) => text.replaceAll('\n', '\r'), false],
  ['no final line end', (text) => text.trimEnd(), true],
  ['a body on one line', inLines(100_000), true],
  ['lines of 76 characters', inLines(76), true],
  ['lines of 300 characters', inLines(300), true],
  ['lines of one character', inLines(1), true],
  ['everything on one line, with spaces instead of line ends', (text) => text.trim().replace(/\n+/g, ' '), false],
  ['blanks at line ends', (text) => text.replaceAll('\n', ' \t\n'), true],
  ['tabs before the base64', inBase64((base64) => `\t${base64.replace(/.{64}/g, '$&\n\t')}`), true],
  ['blanks before every line', (text) => text.replace(/^(?!$)/gm, '  '), false],
  ['blank lines', inBase64((base64) => `\n\n${base64.replace(/.{64}/g, '$&\n \n')}\n`), false],
  ['blanks inside a line', withInLine(' \t '), true],
];

/** Characters that are refused, although OpenSSL ignores some of them at line ends. */
const REFUSED: readonly (readonly [name: string, character: string, opensslAtLineEnd: boolean])[] = [
  ['VT', '\v', true],
  ['FF', '\f', true],
  ['NBSP', '\u00a0', true],
  ['NEL', '\u0085', true],
  ['a zero-width space', '\u200b', true],
  ['a line separator', '\u2028', true],
  ['an ideographic space', '\u3000', true],
  ['a byte order mark', '\ufeff', true],
  ['US', '\x1f', true],
  ['a hyphen', '-', false],
  ['a colon', ':', false],
  ['an underscore', '_', false],
  ['padding in the middle', '=', false],
];

const opensslReads = (text: string) => {
  try {
    createPublicKey(text);
    return true;
  } catch {
    return false;
  }
};

describe.each(IGNORED)('%s', (_what, change, openssl) => {
  test.each(Object.entries(PUBLIC))('is ignored in %s', (_kind, text) => {
    expect(PublicKey.from(change(text)).kid).toBe(PublicKey.from(text).kid);
    expect(PublicKey.from(change(text)).toPem()).toBe(PublicKey.from(text).toPem());
  });

  test.each(Object.entries(PRIVATE))('is ignored in %s, also from an environment variable', (kind, text) => {
    const { kid } = PrivateKey.from(text, { passphrase });
    const changed = change(text);
    const wrapped = [Buffer.from(changed).toString('base64'), changed.replaceAll('\r', '\\r').replaceAll('\n', '\\n')];
    for (const form of [changed, ...wrapped, `\ufeff${changed}`]) {
      expect(PrivateKey.from(form, { passphrase }).kid).toBe(kid);
    }
    if (kind.includes('encrypted')) {
      expect(keyErrorCode(() => PrivateKey.from(changed, { passphrase: 'wrong' }))).toBe('wrong_passphrase');
      expect(keyErrorCode(() => PrivateKey.from(changed))).toBe('passphrase_required');
    }
  });

  test(`can be read by OpenSSL: ${openssl}`, () => {
    expect(opensslReads(change(PUBLIC['SPKI of RSA'] as string))).toBe(openssl);
  });
});

describe.each(REFUSED)('%s between the markers', (_name, character, openssl) => {
  test.each(Object.entries({ ...PUBLIC, ...PRIVATE }))('is refused in %s', (kind, text) => {
    const from = (changed: string) =>
      kind in PUBLIC ? PublicKey.from(changed) : PrivateKey.from(changed, { passphrase });
    for (const change of [withAfterLine(character), withInLine(character)]) {
      expect(change(text)).not.toBe(text);
      expect(keyErrorCode(() => from(change(text)))).toBe('malformed');
    }
  });

  test(`is ignored by OpenSSL at the end of a line: ${openssl}`, () => {
    expect(opensslReads(withAfterLine(character)(PUBLIC['SPKI of RSA'] as string))).toBe(openssl);
  });
});

test('a public key with its base64 on one line has the kid of its canonical PEM', () => {
  const text = readVectorText('tool-output/public-body-in-one-line.pem');
  const canonical = textOf(createPublicKey(text).export({ format: 'pem', type: 'spki' }));
  expect(canonical).not.toBe(text);
  expect(PublicKey.from(text).kid).toBe(PublicKey.from(canonical).kid);
});

describe('the base64 of a key must be exact DER', () => {
  const derOf = (text: string) => Buffer.from(text.replace(/-----[^-]+-----|\n/g, ''), 'base64');
  const labelOf = (text: string) => (/BEGIN ([A-Z0-9 ]+)/.exec(text) as RegExpExecArray)[1] as string;
  const plain = Object.entries({ ...PUBLIC, ...PRIVATE }).filter(([, text]) => !text.includes('Proc-Type'));
  const from = (text: string) =>
    labelOf(text).endsWith('PUBLIC KEY') ? PublicKey.from(text) : PrivateKey.from(text, { passphrase });
  /** Encodes the length of a value with one byte more than needed, which X.690 §10.1 forbids. */
  const withLongLength = (der: Buffer) => {
    const length = (der[1] as number) < 0x80 ? 0 : (der[1] as number) & 0x7f;
    const octets = length === 0 ? der.subarray(1, 2) : der.subarray(2, 2 + length);
    const head = Buffer.from([der[0] as number, 0x80 + octets.length + (length === 0 ? 0 : 1)]);
    return Buffer.concat([head, Buffer.alloc(length === 0 ? 0 : 1), octets, der.subarray(2 + length)]);
  };

  test.each(plain)('%s: bytes after it or a longer form of its length are refused', (_kind, text) => {
    const der = derOf(text);
    const rewritten = (bytes: Buffer) => block(labelOf(text), bytes.toString('base64'));
    expect(keyErrorCode(() => from(rewritten(der)))).toBe('accepted');
    for (const behind of [Buffer.alloc(1), Buffer.from([5, 0]), der]) {
      expect(keyErrorCode(() => from(rewritten(Buffer.concat([der, behind]))))).toBe('malformed');
    }
    if (labelOf(text) !== 'OPENSSH PRIVATE KEY') {
      expect(keyErrorCode(() => from(rewritten(withLongLength(der))))).toBe('malformed');
    }
    expect(keyErrorCode(() => from(rewritten(der.subarray(0, -1))))).toBe('malformed');
  });

  test('PKCS#8: bytes after the key inside it are refused, although OpenSSL accepts them', () => {
    const inner = rsa.privateKey.export({ format: 'der', type: 'pkcs1' });
    const element = (tag: number, content: Buffer) => {
      expect(content.length).toBeGreaterThan(255);
      return Buffer.concat([Buffer.from([tag, 0x82, content.length >> 8, content.length & 0xff]), content]);
    };
    const head = Buffer.from('020100300d06092a864886f70d0101010500', 'hex');
    const pkcs8 = (key: Buffer) => element(0x30, Buffer.concat([head, element(0x04, key)]));
    const text = (key: Buffer) => block('PRIVATE KEY', pkcs8(key).toString('base64'));
    expect(keyErrorCode(() => PrivateKey.from(text(inner)))).toBe('accepted');
    const longer = text(Buffer.concat([inner, Buffer.from([5, 0])]));
    expect(createPrivateKey(longer).asymmetricKeyType).toBe('rsa');
    expect(keyErrorCode(() => PrivateKey.from(longer))).toBe('malformed');
  });
});

test('a PEM block in a JWK member that is not used is ignored', () => {
  const jwk = ed25519.publicKey.export({ format: 'jwk' });
  for (const x5c of [['AAAA'], [PUBLIC['SPKI of RSA']], 'x', null]) {
    expect(PublicKey.from({ ...jwk, x5c } as typeof jwk).kid).toBe(PublicKey.from(jwk).kid);
  }
});
