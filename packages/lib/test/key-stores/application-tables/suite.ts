/** The test suite, shared by all databases, for key stores that use an application's own tables. */

import { ask } from 'ajwt-testkit/databases';
import { keyStoreContract } from 'asymmetric-jwt-auth/testing';
import type { Kysely } from 'kysely';
import { describe, expect, test } from 'vitest';
import { type KeyRecord, PrivateKey } from '../../../src/index.ts';
import { sqlKeyStore, type UnreadableKeyRow } from '../../../src/sql.ts';

/** The tables of an application. Some column types depend on the database driver. */
interface Tables {
  app_user: { id: number; name: string; email: string; deleted_at: unknown };
  app_key: {
    id: number;
    user_id: number;
    public_key: string;
    alg: string | null;
    status: string;
    revoked_at: unknown;
    expires_at: unknown;
    used_at: unknown;
  };
}

/** The SQL of a database for these tables. */
export interface Words {
  /** The type of a username column with a collation that ignores case and accents. */
  readonly carelessName: string;
  readonly moment: string;
  readonly id: string;
  /** Converts seconds since the epoch to a time in the format of the driver. */
  momentOf(seconds: number): unknown;
}

export const HINT = { kid: undefined, alg: 'EdDSA' } as const;
const NOW = 1_800_000_000;

export const newKey = async () => (await PrivateKey.generate('ed25519')).publicKey;

/** Creates new, empty tables. */
async function makeTables(db: Kysely<unknown>, { carelessName, moment, id }: Words): Promise<Kysely<Tables>> {
  await ask(db, 'DROP TABLE IF EXISTS app_key');
  await ask(db, 'DROP TABLE IF EXISTS app_user');
  await ask(
    db,
    `CREATE TABLE app_user (id ${id}, name ${carelessName} NOT NULL, email VARCHAR(100) NOT NULL, deleted_at ${moment})`,
  );
  await ask(
    db,
    `CREATE TABLE app_key (id ${id}, user_id INTEGER NOT NULL, public_key TEXT NOT NULL, alg VARCHAR(10),
       status VARCHAR(10) NOT NULL, revoked_at ${moment}, expires_at ${moment}, used_at ${moment})`,
  );
  return db as Kysely<Tables>;
}

/**
 * Defines the tests.
 *
 * @param database - the open database under test
 * @param words - the words of the SQL dialect that differ between databases
 */
export function mappedSuite(name: string, database: () => Kysely<unknown>, words: Words): void {
  let ids = 0;
  const { momentOf } = words;

  /** The store, and a function that fills its tables. */
  async function makeStore() {
    const db = await makeTables(database(), words);
    const bad: UnreadableKeyRow[] = [];
    const store = sqlKeyStore(db, {
      users: { table: 'app_user', id: 'id', username: 'name', disabled: 'deleted_at', select: ['id', 'email'] },
      keys: {
        ...{ table: 'app_key', id: 'id', userId: 'user_id', publicKey: 'public_key', alg: 'alg' },
        ...{ active: ['status', 'ACTIVE'], revoked: 'revoked_at', expires: 'expires_at' },
        lastUsed: { column: 'used_at', value: momentOf },
      },
      onBadKey: (one) => bad.push(one),
      now: () => NOW,
    });
    async function addUser(name: string, change: Partial<Tables['app_user']> = {}) {
      const row = { id: ++ids, name, email: `${ids}@example.com`, deleted_at: null, ...change };
      await db.insertInto('app_user').values(row).execute();
      return row.id;
    }
    async function addKey(user_id: number, public_key: string, change: Partial<Tables['app_key']> = {}) {
      const nothing = { alg: null, revoked_at: null, expires_at: null, used_at: null };
      const row = { id: ++ids, user_id, public_key, status: 'ACTIVE', ...nothing, ...change };
      await db.insertInto('app_key').values(row).execute();
      return row.id;
    }
    return { db, store, bad, addUser, addKey };
  }
  const states = (keys: readonly KeyRecord[] = []) => keys.map(({ key, state }) => [key.kid, state]);

  describe(`sqlKeyStore on ${name} meets the key store contract`, () => {
    const cases = keyStoreContract({
      states: ['active', 'expired', 'revoked'],
      async make(users) {
        const { store, addUser, addKey } = await makeStore();
        for (const { username, disabled, keys } of users) {
          const user = await addUser(username, disabled ? { deleted_at: momentOf(1000) } : {});
          for (const { key, state } of keys) {
            await addKey(user, (key as Awaited<ReturnType<typeof newKey>>).toOpenSsh(), {
              ...(state === 'revoked' ? { revoked_at: momentOf(1000) } : {}),
              ...(state === 'expired' ? { expires_at: momentOf(NOW) } : {}),
            });
          }
        }
        return store;
      },
    });
    for (const { name, run } of cases) test(name, run);
  });

  describe(`sqlKeyStore on ${name}`, () => {
    test('returns the selected columns as the user, and when a key will expire', async () => {
      const { store, addUser, addKey } = await makeStore();
      const id = await addUser('guido', { email: 'guido@example.com' });
      await addKey(id, (await newKey()).toPem(), { expires_at: momentOf(NOW + 60) });
      await addKey(id, (await newKey()).toPem(), { expires_at: momentOf(NOW + 30) });
      expect(await store.find('guido', HINT)).toMatchObject({
        username: 'guido',
        user: { id, email: 'guido@example.com' },
        disabled: false,
        validUntil: NOW + 30,
      });
      expect(Object.keys((await store.find('guido', HINT))?.user ?? {})).toEqual(['id', 'email']);
    });

    test('treats a key whose status is not active as revoked', async () => {
      const { store, addUser, addKey } = await makeStore();
      const key = await newKey();
      await addKey(await addUser('guido'), key.toPem(), { status: 'NEW' });
      expect(states((await store.find('guido', HINT))?.keys)).toEqual([[key.kid, 'revoked']]);
    });

    test('treats a key as revoked if one of its rows is revoked', async () => {
      const { store, addUser, addKey } = await makeStore();
      const [guido, key] = [await addUser('guido'), await newKey()];
      for (const change of [{ expires_at: momentOf(1000) }, {}, { revoked_at: momentOf(1000) }, {}]) {
        await addKey(guido, key.toPem(), change);
      }
      expect(states((await store.find('guido', HINT))?.keys)).toEqual([[key.kid, 'revoked']]);
    });

    test('treats an expired key as active if another row renews it', async () => {
      const { store, addUser, addKey } = await makeStore();
      const [guido, key] = [await addUser('guido'), await newKey()];
      for (const expires_at of [momentOf(1000), null, momentOf(2000)]) await addKey(guido, key.toPem(), { expires_at });
      expect(states((await store.find('guido', HINT))?.keys)).toEqual([[key.kid, 'active']]);
    });

    test('reads keys in PEM, OpenSSH and JWK format; skips a bad one, and reports it once', async () => {
      const { store, bad, addUser, addKey } = await makeStore();
      const guido = await addUser('guido');
      const pair = await PrivateKey.generate('ed25519');
      const good = [await newKey(), await newKey(), await newKey()] as const;
      await addKey(guido, good[0].toPem());
      await addKey(guido, good[1].toOpenSsh('a comment'));
      await addKey(guido, JSON.stringify(good[2]));
      const ids = [];
      for (const text of [pair.toPem(), 'ssh-ed25519 AAAA', good[0].toPem().slice(1), '{"kty":"oct","k":"AA"}', '{}']) {
        ids.push(await addKey(guido, text));
      }
      ids.push(await addKey(guido, (await newKey()).toPem(), { alg: 'none' }));
      for (let time = 0; time < 3; time++) {
        const found = await store.find('guido', HINT);
        expect(states(found?.keys).sort()).toEqual(good.map(({ kid }) => [kid, 'active']).sort());
      }
      expect(bad.map(({ username, id }) => [username, id]).sort()).toEqual(ids.map((id) => ['guido', id]).sort());
      const codes = bad.map(({ error }) => (error as Error & { code?: string }).code);
      expect(codes.filter((code) => code === 'private_key')).toHaveLength(1);
      const told = JSON.stringify(bad.map(({ error }) => error.message));
      expect(told).not.toContain(pair.toPem().slice(30, 60));
    });

    test('reads a key again after it has changed', async () => {
      const { db, store, addUser, addKey } = await makeStore();
      const [before, after] = [await newKey(), await newKey()];
      await addKey(await addUser('guido'), before.toPem());
      expect(states((await store.find('guido', HINT))?.keys)).toEqual([[before.kid, 'active']]);
      await db.updateTable('app_key').set({ public_key: after.toPem() }).execute();
      expect(states((await store.find('guido', HINT))?.keys)).toEqual([[after.kid, 'active']]);
    });

    test('finds the right user if the database considers several usernames equal', async () => {
      const { store, addUser, addKey } = await makeStore();
      const names = ['guido', 'Guido', 'GUIDO', 'guidó'];
      const kids = new Map<string, string>();
      for (const name of names) {
        const key = await newKey();
        kids.set(name, key.kid);
        await addKey(await addUser(name), key.toPem());
      }
      const twins = await ask(database(), `SELECT 1 AS one FROM app_user WHERE name = 'guido'`);
      expect(twins.length, 'number of usernames that the database considers equal').toBeGreaterThan(1);
      for (const name of names) {
        const record = await store.find(name, HINT);
        expect(record?.username).toBe(name);
        expect(states(record?.keys)).toEqual([[kids.get(name), 'active']]);
      }
      expect(await store.find('gUIDO', HINT)).toBeUndefined();
    });

    test('fails for two rows with exactly the same username', async () => {
      const { store, addUser, addKey } = await makeStore();
      for (let time = 0; time < 2; time++) await addKey(await addUser('guido'), (await newKey()).toPem());
      await expect(store.find('guido', HINT)).rejects.toThrow('two rows of app_user have the same name');
    });

    test('writes the last use of several keys in one statement, and never moves a time back', async () => {
      const { db, store, addUser, addKey } = await makeStore();
      const guido = await addUser('guido');
      const ids = [await addKey(guido, (await newKey()).toPem()), await addKey(guido, (await newKey()).toPem())];
      const later = await addKey(guido, (await newKey()).toPem(), { used_at: momentOf(NOW + 100) });
      const unused = await addKey(await addUser('ada'), (await newKey()).toPem());
      for (const { key } of (await store.find('guido', HINT))?.keys ?? []) store.recordUse?.(key, NOW + 0.9);
      expect(await usedAt(db)).toEqual(new Map([[later, momentOf(NOW + 100)]]));
      await store.flush();
      expect(await usedAt(db)).toEqual(
        new Map([...ids.map((id) => [id, momentOf(NOW)] as const), [later, momentOf(NOW + 100)]]),
      );
      expect((await usedAt(db)).has(unused)).toBe(false);
    });
  });

  async function usedAt(db: Kysely<Tables>): Promise<Map<number, unknown>> {
    const rows = await db.selectFrom('app_key').select(['id', 'used_at']).where('used_at', 'is not', null).execute();
    return new Map(rows.map(({ id, used_at }) => [id, used_at]));
  }
}
