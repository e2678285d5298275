/** Key files that Windows tools save as UTF-16, or as UTF-8 with a byte order mark. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { PrivateKey, PublicKey } from '../../src/index.ts';
import { authorizedKeysStore } from '../../src/key-stores/authorized-keys/authorized-keys-store.ts';

const VECTORS = new URL('../../../../test/vectors/tool-output/', import.meta.url);
const folder = mkdtempSync(join(tmpdir(), 'ajwt-utf-16-'));
afterAll(() => rmSync(folder, { recursive: true }));

const key = await PrivateKey.generate('ed25519');
const TEXTS: Readonly<Record<string, string>> = {
  'a private PEM': key.toPem(),
  'an encrypted private PEM': key.toPem('passphrase'),
  'a private JWK': JSON.stringify(key.toJwk()),
  'a public PEM': key.publicKey.toPem(),
  'an OpenSSH line': `${key.publicKey.toOpenSsh('comment')}\r\n`,
  'a public JWK': JSON.stringify(key.publicKey.toJwk()),
};
const bigEndian = (text: string) => Buffer.from(text, 'utf16le').swap16();
const ENCODINGS: Readonly<Record<string, (text: string) => Buffer>> = {
  'UTF-16LE with a byte order mark': (text) => Buffer.from(`\ufeff${text}`, 'utf16le'),
  'UTF-16BE with a byte order mark': (text) => bigEndian(`\ufeff${text}`),
  'UTF-16LE without a byte order mark': (text) => Buffer.from(text, 'utf16le'),
  'UTF-16BE without a byte order mark': bigEndian,
};
const NAMED = expect.objectContaining({
  name: 'KeyError',
  code: 'unsupported',
  message: 'this key was saved as UTF-16; save it as UTF-8',
});

describe.each(Object.entries(ENCODINGS))('%s', (_name, encode) => {
  test.each(Object.entries(TEXTS))(
    'of %s is named in the error, whether the key is a file or a string that was decoded as UTF-8 or Latin-1',
    async (_what, text) => {
      const path = join(folder, 'key');
      writeFileSync(path, encode(text));
      for (const kind of [PrivateKey, PublicKey]) {
        await expect(kind.fromFile(path)).rejects.toEqual(NAMED);
        for (const encoding of ['utf8', 'latin1'] as const) {
          expect(() => kind.from(readFileSync(path, encoding))).toThrow(NAMED);
        }
      }
      expect(() => PrivateKey.from(encode(text).toString('base64'))).toThrow(NAMED);
    },
  );

  test('of an authorized_keys file is named in the error', async () => {
    writeFileSync(join(folder, 'guido'), encode(`# keys\r\n${TEXTS['an OpenSSH line']}`), { mode: 0o644 });
    await expect(authorizedKeysStore(folder).find('guido', { kid: undefined, alg: 'EdDSA' })).rejects.toThrow(
      `${join(folder, 'guido')} was saved as UTF-16; save it as UTF-8`,
    );
  });
});

test('UTF-16 is named in the error for a file that PowerShell wrote', async () => {
  await expect(PublicKey.fromFile(new URL('powershell-utf16.pub', VECTORS).pathname)).rejects.toEqual(NAMED);
});

test.each(Object.entries(TEXTS))('%s in UTF-8 with a byte order mark is read', async (what, text) => {
  const path = join(folder, 'with-mark');
  writeFileSync(path, `\ufeff${text}`);
  const kind = what.includes('private') ? PrivateKey : PublicKey;
  expect((await kind.fromFile(path, what.includes('encrypted') ? { passphrase: 'passphrase' } : {})).kid).toBe(key.kid);
});

test('a byte order mark is skipped only at the start of an authorized_keys file', async () => {
  const at = async (path: string, name: string) =>
    (await authorizedKeysStore(path).find(name, { kid: undefined, alg: 'EdDSA' }))?.keys;
  const vector = join(folder, 'vector');
  mkdirSync(vector, { mode: 0o755 });
  const bytes = readFileSync(new URL('authorized_keys_with_bom/bom', VECTORS));
  expect(bytes.subarray(0, 3).toString('hex')).toBe('efbbbf');
  writeFileSync(join(vector, 'bom'), bytes, { mode: 0o644 });
  expect(await at(vector, 'bom')).toHaveLength(1);
  const line = TEXTS['an OpenSSH line'] as string;
  writeFileSync(join(vector, 'comment'), `\ufeff# keys\n${line}`, { mode: 0o644 });
  expect(await at(vector, 'comment')).toHaveLength(1);
  for (const text of [`\ufeff\ufeff${line}`, `# keys\n\ufeff${line}`]) {
    writeFileSync(join(vector, 'guido'), text, { mode: 0o644 });
    await expect(at(vector, 'guido')).rejects.toThrow('guido, line');
  }
});
