import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { keyStoreContract } from 'asymmetric-jwt-auth/testing';
import { Kysely } from 'kysely';
import { afterEach, describe, expect, test } from 'vitest';
import { PrivateKey, PublicKey } from '../../src/index.ts';
import { directoryRevision, nodeSqlite, type SqlDirectoryOptions, sqlDirectory } from '../../src/sql/index.ts';

const open: { database: Kysely<unknown>; folder: string }[] = [];

async function makeDirectory(options: SqlDirectoryOptions = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'ajwt-directory-'));
  const file = join(folder, 'ajwt.db');
  const openAgain = () => {
    const database = new Kysely<unknown>({ dialect: nodeSqlite(file) });
    open.push({ database, folder });
    return sqlDirectory(database, options);
  };
  const directory = openAgain();
  await directory.migrate();
  return { directory, file, openAgain };
}

afterEach(async () => {
  for (const { database } of open) await database.destroy();
  for (const { folder } of open.splice(0)) await rm(folder, { recursive: true, force: true });
});

const HINT = { kid: undefined, alg: 'EdDSA' } as const;
const newKey = async () => (await PrivateKey.generate('ed25519')).publicKey;

describe('sqlDirectory on SQLite keeps the contract of key stores', () => {
  const cases = keyStoreContract({
    states: ['active', 'expired', 'revoked'],
    async make(users) {
      let now = 1000;
      const { directory } = await makeDirectory({ now: () => now });
      for (const { username, disabled, keys } of users) {
        await directory.addUser(username);
        await directory.setDisabled(username, disabled);
        for (const { key, state } of keys) {
          await directory.addKey(username, key as PublicKey, state === 'expired' ? { expires: 2000 } : {});
          if (state === 'revoked') await directory.revokeKey(key.kid);
        }
      }
      now = 3000;
      return directory;
    },
  });
  for (const { name, run } of cases) test(name, run);
});

describe('users', () => {
  test('are added once, listed by name, disabled, enabled and removed', async () => {
    const { directory } = await makeDirectory({ now: () => 1000 });
    await directory.addUser('guido');
    await directory.addUser('ada');
    expect(await directory.listUsers()).toEqual([
      { username: 'ada', disabled: false, created: 1000 },
      { username: 'guido', disabled: false, created: 1000 },
    ]);
    await expect(directory.addUser('ada')).rejects.toMatchObject({ code: 'user_exists' });
    await directory.setDisabled('ada', true);
    expect(await directory.find('ada', HINT)).toMatchObject({ disabled: true });
    expect(await directory.getUser('ada')).toMatchObject({ disabled: true });
    await directory.setDisabled('ada', false);
    expect(await directory.find('ada', HINT)).toMatchObject({ disabled: false });
    await directory.addKey('ada', await newKey());
    await directory.removeUser('ada');
    expect(await directory.find('ada', HINT)).toBeUndefined();
    expect(await directory.listKeys()).toEqual([]);
  });

  test.each([
    ['getUser', (directory) => directory.getUser('nobody')],
    ['setDisabled', (directory) => directory.setDisabled('nobody', true)],
    ['removeUser', (directory) => directory.removeUser('nobody')],
    ['listKeys', (directory) => directory.listKeys('nobody')],
    ['addKey', async (directory) => directory.addKey('nobody', await newKey())],
  ] as const satisfies readonly (readonly [
    string,
    (directory: Awaited<ReturnType<typeof makeDirectory>>['directory']) => Promise<unknown>,
  ])[])('%s of a user who is not there says so', async (_name, work) => {
    const { directory } = await makeDirectory();
    await expect(work(directory)).rejects.toMatchObject({
      code: 'unknown_user',
      message: 'there is no user "nobody"',
    });
  });

  test.each(['', ' guido', 'guido\n', 'a\u0000b', 'u'.repeat(601), '\ud800'])('%j is no username', async (username) => {
    const { directory } = await makeDirectory();
    await expect(directory.addUser(username)).rejects.toMatchObject({ code: 'bad_username' });
    expect(await directory.listUsers()).toEqual([]);
  });
});

describe('keys', () => {
  test('carry their comment, and are found by all three names', async () => {
    const { directory } = await makeDirectory({ now: () => 1000 });
    await directory.addUser('guido');
    for (const name of ['fingerprint', 'kid', 'thumbprint'] as const) {
      const key = PublicKey.from((await newKey()).toOpenSsh('guido@laptop'));
      expect(await directory.addKey('guido', key)).toMatchObject({
        added: true,
        key: {
          username: 'guido',
          fingerprint: key.fingerprint,
          comment: 'guido@laptop',
          state: 'active',
          expires: null,
        },
      });
      expect(await directory.revokeKey(key[name])).toMatchObject({
        revoked: true,
        key: { state: 'revoked', revoked: 1000 },
      });
      expect(await directory.revokeKey(key[name])).toMatchObject({ revoked: false });
      await expect(directory.addKey('guido', key)).rejects.toMatchObject({ code: 'key_revoked' });
    }
    expect((await directory.find('guido', HINT))?.keys.map(({ state }) => state)).toEqual([
      'revoked',
      'revoked',
      'revoked',
    ]);
    await expect(directory.revokeKey('SHA256:nothing')).rejects.toMatchObject({ code: 'unknown_key' });
  });

  test('a revoked key does not come back when its user is removed', async () => {
    const { directory } = await makeDirectory({ now: () => 1000 });
    const [revoked, other] = [await newKey(), await newKey()];
    for (const key of [revoked, other]) await directory.addKey('guido', key, { createUser: true });
    await directory.revokeKey(revoked.kid);
    await directory.removeUser('guido');
    for (const username of ['guido', 'ada']) {
      await expect(directory.addKey(username, revoked, { createUser: true })).rejects.toMatchObject({
        code: 'key_revoked',
      });
    }
    expect(await directory.listUsers()).toEqual([]);
    expect(await directory.addKey('ada', other, { createUser: true })).toMatchObject({ added: true });
  });

  test('a key is added once; a second time its comment and expiry are what changes', async () => {
    const { directory } = await makeDirectory({ now: () => 1000 });
    await directory.addUser('guido');
    const key = await newKey();
    await directory.addKey('guido', key, { comment: 'laptop' });
    expect(await directory.addKey('guido', key)).toMatchObject({ added: false, key: { comment: 'laptop' } });
    expect(await directory.addKey('guido', key, { expires: 5000 })).toMatchObject({
      added: false,
      key: { comment: 'laptop', expires: 5000 },
    });
    expect(await directory.listKeys('guido')).toHaveLength(1);
    expect(await directory.listKeys()).toMatchObject([{ comment: 'laptop', expires: 5000 }]);
  });

  test('a key of another user is refused, and of two who add it at once one wins', async () => {
    const { directory, openAgain } = await makeDirectory();
    const other = openAgain();
    for (const username of ['guido', 'ada']) await directory.addUser(username);
    for (let round = 0; round < 20; round++) {
      const key = await newKey();
      const outcomes = await Promise.allSettled([directory.addKey('guido', key), other.addKey('ada', key)]);
      expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
      const refused = outcomes.find((outcome) => outcome.status === 'rejected') as PromiseRejectedResult;
      expect(refused.reason).toMatchObject({ name: 'KeyConflictError', code: 'key_conflict' });
    }
  });

  test('an expiry that is past, and a comment that steers a terminal, are refused', async () => {
    const { directory } = await makeDirectory({ now: () => 1000 });
    await directory.addUser('guido');
    const key = await newKey();
    for (const expires of [1000, 0, Number.NaN, Number.POSITIVE_INFINITY]) {
      await expect(directory.addKey('guido', key, { expires })).rejects.toMatchObject({ code: 'bad_expiry' });
    }
    for (const comment of ['a\u001b[31m', 'a\nb', '\u202e', 'x'.repeat(501)]) {
      await expect(directory.addKey('guido', key, { comment })).rejects.toMatchObject({ code: 'bad_comment' });
    }
    expect(await directory.listKeys()).toEqual([]);
  });

  test('a key registered for one algorithm is so after it was stored', async () => {
    const { directory, openAgain } = await makeDirectory();
    await directory.addUser('guido');
    const { publicKey } = await PrivateKey.generate('rsa', { bits: 2048 });
    await directory.addKey('guido', PublicKey.from(publicKey.toPem(), { alg: 'PS256' }));
    expect((await openAgain().find('guido', HINT))?.keys[0]?.key.algorithms).toEqual(['PS256']);
  });

  test('a change by one process counts for the next lookup of another', async () => {
    const { directory, openAgain } = await makeDirectory();
    const other = openAgain();
    await directory.addUser('guido');
    const key = await newKey();
    for (const look of [directory, other]) expect((await look.find('guido', HINT))?.keys).toEqual([]);
    await other.addKey('guido', key);
    expect((await directory.find('guido', HINT))?.keys).toMatchObject([{ state: 'active' }]);
    await other.revokeKey(key.kid);
    expect((await directory.find('guido', HINT))?.keys).toMatchObject([{ state: 'revoked' }]);
  });

  test('a row whose key was exchanged under its fingerprint lets nobody in', async () => {
    const { directory, file, openAgain } = await makeDirectory();
    await directory.addUser('guido');
    await directory.addKey('guido', await newKey());
    const raw = new DatabaseSync(file);
    raw.prepare('UPDATE ajwt_key SET public_key = ?').run((await newKey()).toPem());
    raw.close();
    await expect(async () => openAgain().find('guido', HINT)).rejects.toThrow('was changed in the database');
  });

  test('finds all keys of a user who has more than stay parsed in memory', async () => {
    const { openAgain } = await makeDirectory({ parsedKeys: 2 });
    const directory = openAgain();
    await directory.addUser('guido');
    for (let count = 0; count < 5; count++) await directory.addKey('guido', await newKey());
    for (let round = 0; round < 3; round++) expect((await directory.find('guido', HINT))?.keys).toHaveLength(5);
  });
});

describe('directoryRevision', () => {
  test('is another number after every change, whoever made it, and the same otherwise', async () => {
    const { directory, file } = await makeDirectory({ now: () => 1000 });
    const revision = directoryRevision(file);
    const key = await newKey();
    const changes = [
      () => directory.addUser('guido'),
      () => directory.addKey('guido', key),
      () => directory.addKey('guido', key, { expires: 2000 }),
      () => directory.revokeKey(key.kid),
      () => directory.setDisabled('guido', true),
      () => directory.removeUser('guido'),
    ];
    const seen = [revision.read()];
    for (const change of changes) {
      await change();
      seen.push(revision.read());
    }
    expect(new Set(seen).size).toBe(changes.length + 1);
    await directory.find('guido', HINT);
    await directory.listKeys();
    expect(revision.read()).toBe(seen.at(-1));
    revision.close();
    expect(() => revision.read()).toThrow();
  });
});

describe('migrations', () => {
  test('are made once, and are named', async () => {
    const { directory, openAgain } = await makeDirectory();
    expect(await directory.pendingMigrations()).toEqual([]);
    expect(await openAgain().migrate()).toEqual([]);
  });

  test('two processes that meet at a new database both find it ready', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'ajwt-directory-'));
    const directories = Array.from({ length: 4 }, () => {
      const database = new Kysely<unknown>({ dialect: nodeSqlite(join(folder, 'ajwt.db'), { wait: 2000 }) });
      open.push({ database, folder });
      return sqlDirectory(database);
    });
    expect(await directories[0]?.pendingMigrations()).toEqual(['2026-11-directory']);
    await Promise.all(directories.map((directory) => directory.migrate()));
    for (const directory of directories) expect(await directory.pendingMigrations()).toEqual([]);
    await directories[3]?.addUser('guido');
    expect(await directories[0]?.listUsers()).toHaveLength(1);
  });
});
