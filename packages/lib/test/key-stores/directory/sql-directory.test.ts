import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { createAuthorization } from 'asymmetric-jwt-auth/client';
import { directoryContract, keyStoreContract } from 'asymmetric-jwt-auth/testing';
import { Kysely } from 'kysely';
import { afterEach, describe, expect, test } from 'vitest';
import { createAuthenticator, memoryNonceStore, PrivateKey, type PublicKey } from '../../../src/index.ts';
import {
  type Directory,
  directoryRevision,
  nodeSqliteDialect,
  type SqlDirectoryOptions,
  sqlDirectory,
} from '../../../src/sql.ts';

const open: { database: Kysely<unknown>; folder: string }[] = [];

async function makeDirectory(options: SqlDirectoryOptions = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'ajwt-directory-'));
  const file = join(folder, 'ajwt.db');
  const openAgain = () => {
    const database = new Kysely<unknown>({ dialect: nodeSqliteDialect(file) });
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

describe('sqlDirectory on SQLite meets the key store contract', () => {
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

describe('sqlDirectory on SQLite meets the directory contract', () => {
  let openAgain: () => Directory;
  const cases = directoryContract({
    async make(now) {
      const made = await makeDirectory({ now });
      openAgain = made.openAgain;
      return made.directory;
    },
    again: () => openAgain(),
  });
  for (const { name, run } of cases) test(name, run);
});

describe('sqlDirectory on SQLite', () => {
  test('finds a change of another process in the next lookup', async () => {
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

  test('refuses a public key that was replaced in the database while its fingerprint stayed the same', async () => {
    const { directory, file, openAgain } = await makeDirectory();
    await directory.addUser('guido');
    await directory.addKey('guido', await newKey());
    const raw = new DatabaseSync(file);
    raw.prepare('UPDATE ajwt_key SET public_key = ?').run((await newKey()).toPem());
    raw.close();
    const found = await openAgain().find('guido', HINT);
    expect(() => found?.keys[0]?.key.handle).toThrow('was changed in the database');
  });

  test('if a key was replaced, is unavailable for tokens that name it or an unknown kid, but not for others', async () => {
    const { directory, file, openAgain } = await makeDirectory();
    await directory.addUser('guido');
    const [good, exchanged, intruder] = [
      await PrivateKey.generate(),
      await PrivateKey.generate(),
      await PrivateKey.generate(),
    ];
    for (const { publicKey } of [good, exchanged]) await directory.addKey('guido', publicKey);
    const raw = new DatabaseSync(file);
    raw
      .prepare('UPDATE ajwt_key SET public_key = ? WHERE kid = ?')
      .run(intruder.publicKey.toPem(), exchanged.publicKey.kid);
    raw.close();

    const { authenticate } = createAuthenticator({ keys: openAgain(), nonces: memoryNonceStore() });
    const reasonFor = async (signer: PrivateKey, kid: string) => {
      const key = { alg: signer.alg, kid, sign: (bytes: Uint8Array) => signer.sign(bytes) };
      const result = await authenticate({ authorization: await createAuthorization({ username: 'guido', key }) });
      return result.ok ? 'accepted' : result.reason;
    };
    expect(await reasonFor(good, good.kid)).toBe('accepted');
    expect(await reasonFor(intruder, intruder.kid)).toBe('unknown_key');
    expect(await reasonFor(intruder, exchanged.kid)).toBe('unavailable');
    expect(await reasonFor(intruder, 'mine')).toBe('unavailable');
  });

  test('finds all keys of a user who has more keys than the store keeps parsed', async () => {
    const { openAgain } = await makeDirectory({ maxParsedKeys: 2 });
    const directory = openAgain();
    await directory.addUser('guido');
    for (let count = 0; count < 5; count++) await directory.addKey('guido', await newKey());
    for (let round = 0; round < 3; round++) {
      const { keys = [] } = (await directory.find('guido', HINT)) ?? {};
      expect(new Set(keys.map(({ key }) => key.handle)).size).toBe(5);
    }
  });
});

describe('directoryRevision', () => {
  test('changes whenever any process changes the directory, and at no other time', async () => {
    const { directory, file } = await makeDirectory({ now: () => 1000 });
    const revision = directoryRevision(file);
    const key = await newKey();
    const changes = [
      () => directory.addUser('guido'),
      () => directory.addKey('guido', key),
      () => directory.addKey('guido', key, { expires: 2000 }),
      () => directory.revokeKey(key.kid),
      () => directory.addJwks('guido', 'https://acme.example/jwks.json'),
      () => directory.removeJwks('guido', 'https://acme.example/jwks.json'),
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
  test('run once, and return their names', async () => {
    const { directory, openAgain } = await makeDirectory();
    expect(await directory.pendingMigrations()).toEqual([]);
    expect(await openAgain().migrate()).toEqual([]);
  });

  test('prepare a new database for two processes at once', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'ajwt-directory-'));
    const directories = Array.from({ length: 4 }, () => {
      const database = new Kysely<unknown>({ dialect: nodeSqliteDialect(join(folder, 'ajwt.db')) });
      open.push({ database, folder });
      return sqlDirectory(database);
    });
    expect(await directories[0]?.pendingMigrations()).toEqual(['2026-11-directory', '2026-11-key-sets']);
    await Promise.all(directories.map((directory) => directory.migrate()));
    for (const directory of directories) expect(await directory.pendingMigrations()).toEqual([]);
    await directories[3]?.addUser('guido');
    expect((await directories[0]?.listUsers())?.items).toHaveLength(1);
  });
});
