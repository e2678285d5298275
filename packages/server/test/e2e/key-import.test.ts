/**
 * Keys that `ajwtd key add` refuses: one of each error code, and what only a command meets. The full list runs in the library's
 * tests (own-key-import.test.ts).
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

const refused = oneOfEach(
  KEY_IMPORT_CASES.filter(({ outcome }) => outcome !== 'accepted'),
  ({ outcome }) => outcome,
);
const accepted = oneOfEach(
  KEY_IMPORT_CASES.filter(({ outcome }) => outcome === 'accepted'),
  // A key in each format: a PEM, an OpenSSH line, a JWK.
  ({ text }) => text.trimStart().slice(0, 1),
);

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

/** Private keys and secrets, whose text must not be repeated; and bytes, which the command decodes. */
const SECRETS = MORE_KEY_TEXTS.filter(({ id }) => /private key|secret|bytes/.test(id));
describe.concurrent('a text that no vector has', () => {
  test.each(SECRETS)('$id', ({ text }) => expectRefused(['carol', '-'], { input: text, secret: text }));
});

describe.concurrent('what is not a key file', () => {
  test('one that is not there', () => expectRefused(['carol', path('none.pub')], { says: /ENOENT/ }));
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
    const text = MORE_KEY_TEXTS.find(({ id }) => id === what)?.text ?? '';
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
  test.each([
    ['empty', ''],
    ['with a space before it', ' carol'],
    ['with a line end', 'carol\n'],
    ['with a control character', 'ca\u0001rol'],
    ['of 601 bytes', 'u'.repeat(601)],
  ])('under a username that no token can have: %s', (_what, name) =>
    expectRefused([name, '-'], { input: fresh(), says: /username/ }),
  );
  test.each(['2020-01-01', '2027-02-31', 'tomorrow', '1e3', ''])('until %j', (date) =>
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

test('after all these attempts, key list is unchanged', async () => {
  expect(await list()).toBe(listBefore);
  expect(JSON.parse(listBefore)).toHaveLength(3);
});
