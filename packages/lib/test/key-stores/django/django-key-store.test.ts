/** Uses tables like those of Django; test/interop/django-tables.test.ts uses Django itself. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ask } from 'ajwt-testkit/databases';
import { type DjangoRows, makeDjangoDatabase } from 'ajwt-testkit/django-tables';
import { keyStoreContract } from 'asymmetric-jwt-auth/testing';
import { type Generated, Kysely } from 'kysely';
import { afterEach, describe, expect, expectTypeOf, test } from 'vitest';
import type { KeyRecord, PublicKey, UserRecord, VerificationKey } from '../../../src/index.ts';
import { type DjangoKeyStoreOptions, type DjangoUser, djangoKeyStore, nodeSqliteDialect } from '../../../src/sql.ts';
import { HINT, newKey } from '../application-tables/suite.ts';

const open: { database: Kysely<unknown>; folder: string }[] = [];
afterEach(async () => {
  for (const { database, folder } of open.splice(0)) {
    await database.destroy();
    rmSync(folder, { recursive: true });
  }
});

function makeDatabase(users: readonly DjangoRows[]): Kysely<unknown> {
  const folder = mkdtempSync(join(tmpdir(), 'ajwt-django-'));
  const file = join(folder, 'db.sqlite3');
  makeDjangoDatabase(file, users);
  const database = new Kysely<unknown>({ dialect: nodeSqliteDialect(file) });
  open.push({ database, folder });
  return database;
}

describe('djangoKeyStore meets the key store contract', () => {
  const cases = keyStoreContract({
    states: ['active'],
    make: (users) =>
      djangoKeyStore(
        makeDatabase(
          users.map(({ username, disabled, keys }) => ({
            username,
            active: !disabled,
            keys: keys.map(({ key }) => (key as PublicKey).toPem()),
          })),
        ),
      ),
  });
  for (const { name, run } of cases) test(name, run);
});

test('returns Django’s user without its password', async () => {
  const store = djangoKeyStore(makeDatabase([{ username: 'guido' }]));
  const found = await store.find('guido', HINT);
  expectTypeOf(found).toEqualTypeOf<UserRecord<DjangoUser> | undefined>();
  expect(found?.user).toEqual({
    id: 1,
    username: 'guido',
    email: 'guido@example.com',
    first_name: '',
    last_name: '',
    is_staff: true,
    is_superuser: false,
  });
});

test('accepts keys of JWK sets only if the option jwks is set', async () => {
  const [own, theirs] = [await newKey(), await newKey()];
  const rows = [{ username: 'guido', keys: [own.toPem()], jwksUrl: 'https://keys.example.com/jwks.json' }];
  const asked: string[] = [];
  const jwks = {
    jwksKeys(url: string): KeyRecord[] {
      asked.push(url);
      return [{ key: theirs, state: 'active' }];
    },
  };
  const kids = async (options: DjangoKeyStoreOptions) =>
    (await djangoKeyStore(makeDatabase(rows), options).find('guido', HINT))?.keys.map(({ key }) => key.kid);
  expect(await kids({})).toEqual([own.kid]);
  expect(asked).toEqual([]);
  expect(await kids({ jwks })).toEqual([own.kid, theirs.kid]);
  expect(asked).toEqual(['https://keys.example.com/jwks.json']);
});

test.each([true, false])('writes last_used_on only if lastUsed is true: %s', async (lastUsed) => {
  const database = makeDatabase([{ username: 'guido', keys: [(await newKey()).toPem()] }]);
  const store = djangoKeyStore(database, { lastUsed });
  const key = (await store.find('guido', HINT))?.keys[0]?.key as VerificationKey;
  store.recordUse?.(key, 1_800_000_000.7);
  await store.close();
  expect(await ask(database, 'SELECT last_used_on FROM asymmetric_jwt_auth_publickey')).toEqual([
    { last_used_on: lastUsed ? '2027-01-15 08:00:00' : null },
  ]);
});

test('reports once if the table comes from an old version and has no last_used_on', async () => {
  const database = makeDatabase([{ username: 'guido', keys: [(await newKey()).toPem()] }]);
  await ask(database, 'ALTER TABLE asymmetric_jwt_auth_publickey DROP COLUMN last_used_on');
  const errors: unknown[] = [];
  const store = djangoKeyStore(database, { onWriteError: (error) => errors.push(error) });
  const key = (await store.find('guido', HINT))?.keys[0]?.key as VerificationKey;
  for (const at of [1, 2, 3]) {
    store.recordUse?.(key, at);
    await store.flush();
  }
  expect(errors).toEqual([expect.objectContaining({ message: expect.stringContaining('last_used_on') })]);
  expect(await store.find('guido', HINT)).toMatchObject({ keys: [{ state: 'active' }] });
});

describe('djangoKeyStore with a custom user model', () => {
  interface Site {
    accounts_account: { id: Generated<number>; email: string; password: string; company: string; is_active: number };
  }
  async function makeSite() {
    const key = await newKey();
    const database = makeDatabase([{ username: 'guido', keys: [key.toPem()] }]) as Kysely<Site>;
    await ask(
      database as Kysely<unknown>,
      'CREATE TABLE accounts_account (id INTEGER PRIMARY KEY, email TEXT NOT NULL, password TEXT NOT NULL, company TEXT NOT NULL, is_active BOOL NOT NULL)',
    );
    const values = { email: 'guido@example.com', password: 'secret', company: 'PSF', is_active: 0 };
    await database.insertInto('accounts_account').values(values).execute();
    return { database, key };
  }
  const users = { table: 'accounts_account', username: 'email' } as const;

  test('returns its row without its password, with the type from Kysely', async () => {
    const { database, key } = await makeSite();
    const found = await djangoKeyStore(database, { users }).find('guido@example.com', HINT);
    expectTypeOf(found).toEqualTypeOf<
      UserRecord<{ id: number; email: string; company: string; is_active: number }> | undefined
    >();
    expect(found).toMatchObject({ disabled: true, keys: [{ key: { kid: key.kid } }] });
    expect(found?.user).toEqual({ id: 1, email: 'guido@example.com', company: 'PSF', is_active: 0 });
  });

  test('returns the selected columns; without is_active, no user is disabled', async () => {
    const { database } = await makeSite();
    const store = djangoKeyStore(database, { users: { ...users, active: null, select: ['company'] } });
    const found = await store.find('guido@example.com', HINT);
    expectTypeOf(found).toEqualTypeOf<UserRecord<{ company: string }> | undefined>();
    expect(found).toMatchObject({ disabled: false, user: { company: 'PSF' } });
  });
});

test.each([
  ['option tabel: unknown', { tabel: 'x' }],
  ['option users.usernme: unknown', { users: { table: 'x', usernme: 'email' } }],
  ['option users.table: must be a non-empty string', { users: { table: '' } }],
  ['option lastUsed: must be true or false', { lastUsed: 1 }],
  ['option maxParsedKeys: must be a number', { maxParsedKeys: -1 }],
])('%s', (message, options) => {
  expect(() => djangoKeyStore(makeDatabase([]), options as never)).toThrow(message);
});
