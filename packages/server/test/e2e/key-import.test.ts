/**
 * Gives `ajwtd key add` a key for each error code, and files and options that it must refuse. The library's tests try the full list
 * of keys (own-key-import.test.ts).
 */
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { ajwtd, type InProcessOptions, scratch } from 'ajwt-testkit/ajwtd';
import { oneOfEach } from 'ajwt-testkit/cases';
import { hasProgram, runProgram } from 'ajwt-testkit/command';
import { databaseWith, inDirectory, publicKeyOf } from 'ajwt-testkit/directory';
import { beforeAll, describe, expect, test } from 'vitest';
import { echoed, KEY_IMPORT_CASES, MORE_KEY_TEXTS } from '../../../lib/test/vectors/key-import-cases.ts';

const path = scratch();
const database = path('keys.db');
const inDatabase = ['--database', `sqlite:${database}`];
let keys: Map<string, KeyObject>;
let before: unknown;
let listBefore: string;
const revoked = generateKeyPairSync('ed25519').privateKey;

/** Returns the users and keys in a database. */
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

/** Expects exit code 1, one line without any part of the secret, and an unchanged database. */
async function expectRefused(args: readonly string[], { secret = '', says = /./, ...options }: Refused = {}) {
  const { code, stdout, stderr } = await ajwtd(['key', 'add', ...args, ...inDatabase], options);
  expect({ code, stdout }, stderr).toEqual({ code: 1, stdout: '' });
  expect(stderr).toMatch(/^ajwtd: .+\n$/);
  expect(stderr).toMatch(says);
  expect(stderr).not.toMatch(/unexpected|\bat \w+ \(|Error:/);
  expect(echoed(stderr, secret), 'part of the input in the message').toBeUndefined();
  expect(stored()).toEqual(before);
}
interface Refused extends InProcessOptions {
  readonly secret?: string;
  readonly says?: RegExp;
}

const refused = oneOfEach(
  KEY_IMPORT_CASES.filter(({ outcome }) => outcome !== 'accepted'),
  ({ outcome }) => outcome,
);
const accepted = oneOfEach(
  KEY_IMPORT_CASES.filter(({ outcome }) => outcome === 'accepted'),
  // This selects one key in each format: PEM, OpenSSH line and JWK.
  ({ text }) => text.trimStart().slice(0, 1),
);

describe.concurrent('a test vector with an unacceptable key is refused', () => {
  test.each(refused)('$id: $outcome', ({ text }) => expectRefused(['carol', '-'], { input: text, secret: text }));
});

describe.concurrent('a test vector with an acceptable key is registered', () => {
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

/** Private keys and secrets, which messages must not repeat, and raw bytes, which the command decodes. */
const SECRETS = MORE_KEY_TEXTS.filter(({ id }) => /private key|secret|bytes/.test(id));
describe.concurrent('an input that is not a public key is refused', () => {
  test.each(SECRETS)('$id', ({ text }) => expectRefused(['carol', '-'], { input: text, secret: text }));
});

describe.concurrent('a file is refused', () => {
  test('if it does not exist', () => expectRefused(['carol', path('none.pub')], { says: /ENOENT/ }));
  test('if it is a folder', () => {
    mkdirSync(path('folder'));
    return expectRefused(['carol', path('folder')], { says: /regular file/ });
  });
  test.skipIf(!hasProgram('mkfifo', '--version'))('if it is a pipe (needs mkfifo)', () => {
    runProgram('mkfifo', [path('pipe')]);
    return expectRefused(['carol', path('pipe')], { says: /regular file/ });
  });
  test('if it is an endless device', () => expectRefused(['carol', '/dev/zero'], { says: /regular file/ }));
  test('if it is a link to itself', () => {
    symlinkSync(path('loop'), path('loop'));
    return expectRefused(['carol', path('loop')], { says: /ELOOP/ });
  });
  test('if its size is 100 MB', () => {
    writeFileSync(path('huge.pub'), '');
    truncateSync(path('huge.pub'), 100_000_000);
    return expectRefused(['carol', path('huge.pub')], { says: /larger/ });
  });
  test.each(['a private key in PEM', 'a shared secret'])('if the argument is %s instead', (what) => {
    const text = MORE_KEY_TEXTS.find(({ id }) => id === what)?.text ?? '';
    return expectRefused(['carol', text], { secret: text, says: /give a file/ });
  });
});

describe.concurrent('a valid key is refused', () => {
  const line = () => publicKeyOf(keys.get('alice') as KeyObject).toOpenSsh();
  const fresh = () => publicKeyOf(generateKeyPairSync('ed25519').privateKey).toOpenSsh();
  test('if another user has it', () => expectRefused(['bob', '-'], { input: line(), says: /belongs to another user/ }));
  test('for a new user, if another user has it', () =>
    expectRefused(['carol', '-'], { input: line(), says: /belongs to another user/ }));
  test('if it was revoked', () =>
    expectRefused(['alice', '-'], { input: publicKeyOf(revoked).toPem(), says: /was revoked/ }));
  test.each([
    ['an empty username', ''],
    ['a space before the username', ' carol'],
    ['a line end in the username', 'carol\n'],
    ['a control character in the username', 'ca\u0001rol'],
    ['a username of 601 bytes', 'u'.repeat(601)],
  ])('with %s, which no token can contain', (_what, name) =>
    expectRefused([name, '-'], { input: fresh(), says: /username/ }),
  );
  test.each(['2020-01-01', '2027-02-31', 'tomorrow', '1e3', ''])('with the invalid expiry date %j', (date) =>
    expectRefused(['carol', '-', `--expires=${date}`], { input: fresh(), says: /expir/ }),
  );
  test.each([
    ['of two lines', 'one\ntwo'],
    ['with a terminal control sequence', '\u001b[2J'],
    ['of 501 characters', 'x'.repeat(501)],
  ])('with a comment %s', (_what, comment) =>
    expectRefused(['carol', '-', `--comment=${comment}`], { input: fresh(), says: /comment/ }),
  );
});

test('refused keys do not change key list', async () => {
  expect(await list()).toBe(listBefore);
  expect(JSON.parse(listBefore)).toHaveLength(3);
});
