/** Hostile keys given to `ajwtd key add`. */
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { ajwtd, type InProcessOptions, scratch } from 'ajwt-testkit/ajwtd';
import { hasProgram, runProgram } from 'ajwt-testkit/command';
import { databaseWith, inDirectory, publicKeyOf } from 'ajwt-testkit/directory';
import { beforeAll, describe, expect, test } from 'vitest';
import { echoed, KEY_IMPORT_CASES } from '../../../lib/test/vectors/key-import-cases.ts';

const path = scratch();
const database = path('keys.db');
const inDatabase = ['--database', `sqlite:${database}`];
let keys: Map<string, KeyObject>;
let before: unknown;
let listBefore: string;
const revoked = generateKeyPairSync('ed25519').privateKey;

/** Returns the contents of all files of the database. */
function stored(name = database): unknown {
  const file = new DatabaseSync(name, { readOnly: true, timeout: 5000 });
  const rows = ['ajwt_user', 'ajwt_key'].map((table) => file.prepare(`SELECT * FROM ${table}`).all());
  file.close();
  return rows;
}
const list = async () => (await ajwtd(['key', 'list', '--json', ...inDatabase])).stdout;

beforeAll(async () => {
  keys = await databaseWith(database, ['alice', 'bob']);
  await inDirectory(database, async (directory) => {
    await directory.addKey('alice', publicKeyOf(revoked));
    await directory.revokeKey(publicKeyOf(revoked).kid);
  });
  before = stored();
  listBefore = await list();
});

/** Expects exit code 1 and one line without any part of the secret, and that nothing was stored. */
async function expectRefused(args: readonly string[], { secret = '', says = /./, ...options }: Refused = {}) {
  const { code, stdout, stderr } = await ajwtd(['key', 'add', ...args, ...inDatabase], options);
  expect({ code, stdout }, stderr).toEqual({ code: 1, stdout: '' });
  expect(stderr).toMatch(/^ajwtd: .+\n$/);
  expect(stderr).toMatch(says);
  expect(stderr).not.toMatch(/unexpected|\bat \w+ \(|Error:/);
  expect(echoed(stderr, secret), 'repeated of the input').toBeUndefined();
  expect(stored()).toEqual(before);
}
interface Refused extends InProcessOptions {
  readonly secret?: string;
  readonly says?: RegExp;
}

const refused = KEY_IMPORT_CASES.filter(({ outcome }) => outcome !== 'accepted');
const accepted = KEY_IMPORT_CASES.filter(({ outcome }) => outcome === 'accepted');

describe.concurrent('a test vector that is not an acceptable key', () => {
  test.each(refused)('$id: $outcome', ({ text }) => expectRefused(['carol', '-'], { input: text, secret: text }));
});

describe.concurrent('a test vector that is an acceptable key', () => {
  test.each(accepted)('$id', async ({ id, text }) => {
    const file = path(`${id}.pub`);
    const own = path(`${id}.db`);
    writeFileSync(file, text);
    const { code, stdout } = await ajwtd(['key', 'add', 'carol', file, '--database', `sqlite:${own}`]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^SHA256:[A-Za-z0-9+/]{43}\n$/);
    expect(stored(own)).toMatchObject([[{ username: 'carol' }], [{ fingerprint: stdout.trim(), revoked: null }]]);
  });
});

const pem = (key: KeyObject) => key.export({ format: 'pem', type: 'spki' }).toString();
const secretPem = (key: KeyObject) => key.export({ format: 'pem', type: 'pkcs8' }).toString();
const pair = generateKeyPairSync('ed25519');
const encrypted = pair.privateKey.export({ format: 'pem', type: 'pkcs8', cipher: 'aes-256-cbc', passphrase: 'secret' });
/** More cases of spec/PROTOCOL.md §7. */
const TEXTS: Readonly<Record<string, string>> = {
  'a private key in PEM': secretPem(pair.privateKey),
  'an encrypted private key': encrypted.toString(),
  'a public key followed by its private key': pem(pair.publicKey) + secretPem(pair.privateKey),
  'an RSA key restricted to PSS': pem(generateKeyPairSync('rsa-pss', { modulusLength: 2048 }).publicKey),
  'an X25519 key': pem(generateKeyPairSync('x25519').publicKey),
  'a shared secret': JSON.stringify({ kty: 'oct', k: 'c2VjcmV0LXNlY3JldC1zZWNyZXQ' }),
  'a JWK set': JSON.stringify({ keys: [pair.publicKey.export({ format: 'jwk' })] }),
  'a key followed by NUL': `${pem(pair.publicKey)}\0`,
  'a line with options before the key': `command="/bin/sh" ${publicKeyOf(pair.privateKey).toOpenSsh()}`,
  'a comment with terminal escapes': `${publicKeyOf(pair.privateKey).toOpenSsh()} \u001b[2Jme`,
  'a comment that reverses the direction of text': `${publicKeyOf(pair.privateKey).toOpenSsh()} \u202eme`,
  'bytes that are not UTF-8': Buffer.from([0xff, 0xfe, 0x00, 0x80]).toString('latin1'),
};
describe.concurrent('more input that is not an acceptable key', () => {
  test.each(Object.entries(TEXTS))('%s', (_what, text) => expectRefused(['carol', '-'], { input: text, secret: text }));
});

describe.concurrent('a path that is not a key file', () => {
  test('a missing file', () => expectRefused(['carol', path('none.pub')], { says: /ENOENT/ }));
  test('a folder', () => {
    mkdirSync(path('folder'));
    return expectRefused(['carol', path('folder')], { says: /regular file/ });
  });
  test.skipIf(!hasProgram('mkfifo', '--version'))('a pipe (skipped where there is no mkfifo)', () => {
    runProgram('mkfifo', [path('pipe')]);
    return expectRefused(['carol', path('pipe')], { says: /regular file/ });
  });
  test('an endless device', () => expectRefused(['carol', '/dev/zero'], { says: /regular file/ }));
  test('a link to itself', () => {
    symlinkSync(path('loop'), path('loop'));
    return expectRefused(['carol', path('loop')], { says: /ELOOP/ });
  });
  test('100 MB', () => {
    writeFileSync(path('huge.pub'), '');
    truncateSync(path('huge.pub'), 100_000_000);
    return expectRefused(['carol', path('huge.pub')], { says: /larger/ });
  });
  test.each(['a private key in PEM', 'a shared secret'])('%s itself', (what) => {
    const text = TEXTS[what] ?? '';
    return expectRefused(['carol', text], { secret: text, says: /give a file/ });
  });
});

describe.concurrent('a good key that cannot be registered this way', () => {
  const line = () => publicKeyOf(keys.get('alice') as KeyObject).toOpenSsh();
  const fresh = () => publicKeyOf(generateKeyPairSync('ed25519').privateKey).toOpenSsh();
  test("another user's", () => expectRefused(['bob', '-'], { input: line(), says: /belongs to another user/ }));
  test('a key of another user, for a new user', () =>
    expectRefused(['carol', '-'], { input: line(), says: /belongs to another user/ }));
  test('a revoked key, again', () =>
    expectRefused(['alice', '-'], { input: publicKeyOf(revoked).toPem(), says: /was revoked/ }));
  test.each(['', ' carol', 'carol\n', 'ca\u0001rol', 'u'.repeat(601)])(
    'for a username that a token cannot contain: %j',
    (name) => expectRefused([name, '-'], { input: fresh(), says: /username/ }),
  );
  test.each(['2020-01-01', '2027-02-31', 'tomorrow', '1e3', ''])('until %j', (date) =>
    expectRefused(['carol', '-', `--expires=${date}`], { input: fresh(), says: /expir/ }),
  );
  test.each(['one\ntwo', '\u001b[2J', 'x'.repeat(501)])('with the comment %j', (comment) =>
    expectRefused(['carol', '-', `--comment=${comment}`], { input: fresh(), says: /comment/ }),
  );
});

test('after all these attempts, key list is unchanged', async () => {
  expect(await list()).toBe(listBefore);
  expect(JSON.parse(listBefore)).toHaveLength(3);
});
