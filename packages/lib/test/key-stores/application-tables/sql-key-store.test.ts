import { readFileSync } from 'node:fs';
import { ask, openDatabase } from 'ajwt-testkit/databases';
import { lacksMariadb, MariadbServer } from 'ajwt-testkit/servers/mariadb';
import { lacksPostgres, PostgresServer } from 'ajwt-testkit/servers/postgres';
import { CamelCasePlugin, type Generated, Kysely } from 'kysely';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, expectTypeOf, test, vi } from 'vitest';
import { createAuthorization } from '../../../src/client.ts';
import {
  cachedKeyStore,
  createAuthenticator,
  type KeyRecord,
  memoryNonceStore,
  PrivateKey,
  type UserRecord,
  type VerificationKey,
} from '../../../src/index.ts';
import { djangoKeyStore, type FindJwksKeys, nodeSqliteDialect, sqlKeyStore } from '../../../src/sql.ts';
import { HINT, mappedSuite, newKey } from './suite.ts';

const SQLITE = {
  id: 'INTEGER PRIMARY KEY',
  carelessName: 'TEXT COLLATE NOCASE',
  moment: 'TEXT',
  momentOf: (seconds: number) => new Date(seconds * 1000).toISOString(),
} as const;

describe('on SQLite', () => {
  const db = new Kysely<unknown>({ dialect: nodeSqliteDialect(':memory:') });
  afterAll(() => db.destroy());
  mappedSuite('SQLite', () => db, SQLITE);
});

describe.skipIf(lacksPostgres)('on PostgreSQL (needs postgresql)', () => {
  let server: PostgresServer;
  let db: Kysely<unknown>;
  beforeAll(async () => {
    server = await PostgresServer.start();
    db = openDatabase({ kind: 'postgres', ...server.connection });
    // The collation ignores case and accents.
    await ask(db, "CREATE COLLATION careless (provider = icu, locale = 'und-u-ks-level1', deterministic = false)");
  });
  afterAll(async () => {
    await db?.destroy();
    await server?.remove();
  });
  const words = { id: 'INTEGER PRIMARY KEY', carelessName: 'TEXT COLLATE careless', moment: 'timestamptz' };
  mappedSuite('PostgreSQL', () => db, { ...words, momentOf: (seconds) => new Date(seconds * 1000) });
});

describe.skipIf(lacksMariadb)('on MariaDB (needs mariadb-server)', () => {
  let server: MariadbServer;
  let db: Kysely<unknown>;
  beforeAll(async () => {
    server = await MariadbServer.start();
    db = openDatabase({ kind: 'mariadb', ...server.connection });
  });
  afterAll(async () => {
    await db?.destroy();
    await server?.remove();
  });
  test('djangoKeyStore reads the tables that Django creates there, and writes last_used_on in UTC', async () => {
    await ask(
      db,
      'CREATE TABLE auth_user (id INTEGER AUTO_INCREMENT PRIMARY KEY, password VARCHAR(128) NOT NULL, is_superuser BOOL NOT NULL, username VARCHAR(150) NOT NULL UNIQUE, first_name VARCHAR(150) NOT NULL, last_name VARCHAR(150) NOT NULL, email VARCHAR(254) NOT NULL, is_staff BOOL NOT NULL, is_active BOOL NOT NULL)',
    );
    await ask(
      db,
      'CREATE TABLE asymmetric_jwt_auth_publickey (id INTEGER AUTO_INCREMENT PRIMARY KEY, `key` LONGTEXT NOT NULL, comment VARCHAR(100) NOT NULL, last_used_on DATETIME(6) NULL, user_id INTEGER NOT NULL)',
    );
    await ask(
      db,
      "INSERT INTO auth_user VALUES (1, 'pbkdf2', 0, 'Guido', '', '', '', 1, 1), (2, 'x', 0, 'ada', '', '', '', 0, 0)",
    );
    const key = await newKey();
    for (const user of [1, 2]) {
      await ask(db, `INSERT INTO asymmetric_jwt_auth_publickey VALUES (NULL, '${key.toOpenSsh()}', '', NULL, ${user})`);
    }
    const store = djangoKeyStore(db);
    expect(await store.find('guido', HINT)).toBeUndefined();
    expect(await store.find('ada', HINT)).toMatchObject({ disabled: true });
    const found = await store.find('Guido', HINT);
    expect(found).toMatchObject({ disabled: false, user: { id: 1, username: 'Guido', is_staff: true } });
    store.recordUse?.(found?.keys[0]?.key as VerificationKey, 1_800_000_000);
    await store.close();
    const sql = 'SELECT CAST(last_used_on AS CHAR) AS at FROM asymmetric_jwt_auth_publickey ORDER BY id';
    expect(await ask(db, sql)).toEqual([{ at: '2027-01-15 08:00:00.000000' }, { at: null }]);
  });

  const words = { id: 'INTEGER PRIMARY KEY', carelessName: 'VARCHAR(600) CHARSET utf8mb4', moment: 'DATETIME(3)' };
  mappedSuite('MariaDB', () => db, { ...words, momentOf: (seconds) => new Date(seconds * 1000) });
});

/** Makes an application with one key per user, in the users' table. */
interface App {
  account: {
    id: Generated<number>;
    email: string;
    public_key: string | null;
    is_active: number;
    is_admin: number;
  };
  trust: { id: Generated<number>; account_id: number; url: string; seen: string | null };
}

let db: Kysely<App>;
beforeEach(async () => {
  db = new Kysely<App>({ dialect: nodeSqliteDialect(':memory:') });
  await ask(
    db as Kysely<unknown>,
    'CREATE TABLE account (id INTEGER PRIMARY KEY, email TEXT NOT NULL, public_key TEXT, is_active INTEGER NOT NULL, is_admin INTEGER NOT NULL)',
  );
  await ask(
    db as Kysely<unknown>,
    'CREATE TABLE trust (id INTEGER PRIMARY KEY, account_id INTEGER NOT NULL, url TEXT NOT NULL, seen TEXT)',
  );
});
afterEach(() => db.destroy());

const add = (email: string, public_key: string | null, is_active = 1) =>
  db.insertInto('account').values({ email, public_key, is_active, is_admin: 0 }).execute();
const USERS = { table: 'account', id: 'id', username: 'email', active: 'is_active' } as const;

describe('with keys in the users’ table', () => {
  test('accepts active users, returns their row, and refuses others', async () => {
    const key = await PrivateKey.generate('ed25519');
    await add('guido@example.com', key.publicKey.toPem());
    await add('ada@example.com', key.publicKey.toPem(), 0);
    await add('barry@example.com', null);
    const keys = sqlKeyStore(db, { users: USERS, keys: { publicKey: 'public_key' } });
    const auth = createAuthenticator({ keys: cachedKeyStore(keys), nonces: memoryNonceStore() });
    const send = async (username: string) =>
      auth.authenticate({ authorization: await createAuthorization({ username, key }) });

    const result = await send('guido@example.com');
    if (!result.ok) throw new Error(result.reason);
    expectTypeOf(result.user).toEqualTypeOf<{
      id: number;
      email: string;
      public_key: string | null;
      is_active: number;
      is_admin: number;
    }>();
    expect(result.user).toMatchObject({ id: 1, email: 'guido@example.com', is_admin: 0 });
    expect(await send('ada@example.com')).toMatchObject({ reason: 'user_disabled' });
    expect(await send('barry@example.com')).toMatchObject({ reason: 'unknown_key' });
    expect(await send('Guido@example.com')).toMatchObject({ reason: 'unknown_user' });
  });

  test('treats an empty key column as a missing key, not as an unreadable one', async () => {
    await add('guido', '');
    const bad: unknown[] = [];
    const store = sqlKeyStore(db, {
      users: USERS,
      keys: { publicKey: 'public_key' },
      onBadKey: (one) => bad.push(one),
    });
    expect(await store.find('guido', HINT)).toMatchObject({ keys: [] });
    expect(bad).toEqual([]);
  });

  test('ignores errors that a hook throws', async () => {
    await add('guido', 'not a key');
    const store = sqlKeyStore(db, {
      users: USERS,
      keys: { publicKey: 'public_key' },
      onBadKey: () => {
        throw new Error('the log is full');
      },
    });
    expect(await store.find('guido', HINT)).toMatchObject({ username: 'guido', keys: [] });
  });

  test('parses a row once, and drops the least recently used key', async () => {
    await add('guido', (await newKey()).toPem());
    await add('ada', (await newKey()).toPem());
    const store = sqlKeyStore(db, { users: USERS, keys: { publicKey: 'public_key' }, maxParsedKeys: 1 });
    const find = async (name: string) => (await store.find(name, HINT))?.keys[0]?.key;
    const first = await find('guido');
    expect(await find('guido')).toBe(first);
    await find('ada');
    expect(await find('guido')).not.toBe(first);
    expect((await find('guido'))?.kid).toBe(first?.kid);
  });
});

test('finds a user with its keys in one query', async () => {
  const asked: string[] = [];
  const listening = new Kysely<App>({
    dialect: nodeSqliteDialect(':memory:'),
    log: ({ query }) => void asked.push(query.sql),
  });
  await ask(listening as Kysely<unknown>, 'CREATE TABLE account (id INTEGER, email TEXT, public_key TEXT)');
  const store = sqlKeyStore(listening, {
    users: { table: 'account', id: 'id', username: 'email' },
    keys: { publicKey: 'public_key' },
  });
  asked.length = 0;
  await store.find('guido', HINT);
  expect(asked).toEqual([expect.stringMatching(/^select /)]);
  await store.find('no\u0000body', HINT);
  expect(asked).toHaveLength(1);
  await listening.destroy();
});

test('works with plugins that change column names, such as CamelCasePlugin', async () => {
  const key = await newKey();
  await add('guido', key.toPem());
  const camel = db.withPlugin(new CamelCasePlugin()) as unknown as Kysely<{
    account: { id: number; email: string; publicKey: string; isActive: number };
  }>;
  const store = sqlKeyStore(camel, {
    users: { table: 'account', id: 'id', username: 'email', active: 'isActive' },
    keys: { publicKey: 'publicKey' },
  });
  expect(await store.find('guido', HINT)).toMatchObject({
    username: 'guido',
    disabled: false,
    user: { id: 1, isActive: 1 },
    keys: [{ key: { kid: key.kid }, state: 'active' }],
  });
});

describe('with JWK sets', () => {
  const URL_OF_ALL = 'https://keys.example.com/jwks.json';

  async function makeStore(jwksKeys: FindJwksKeys) {
    const own = await newKey();
    await add('guido', own.toPem());
    await add('ada', null);
    await db.insertInto('trust').values({ account_id: 1, url: URL_OF_ALL, seen: null }).execute();
    await db.insertInto('trust').values({ account_id: 2, url: URL_OF_ALL, seen: null }).execute();
    const lastUsed = { column: 'seen', value: (at: number) => `at ${at}` } as const;
    const store = sqlKeyStore(db, {
      users: USERS,
      keys: { publicKey: 'public_key' },
      jwks: { table: 'trust', userId: 'account_id', url: 'url', id: 'id', lastUsed, jwksKeys },
    });
    return { store, own };
  }

  test('accepts the keys of the sets, and records when each user last used one', async () => {
    const theirs = await newKey();
    const asked: string[] = [];
    const { store, own } = await makeStore((url) => {
      asked.push(url);
      return [{ key: theirs, state: 'active' }];
    });
    const guido = await store.find('guido', HINT);
    expect(guido?.keys.map(({ key }) => key.kid)).toEqual([own.kid, theirs.kid]);
    const ada = await store.find('ada', HINT);
    expect(ada?.keys.map(({ key }) => key.kid)).toEqual([theirs.kid]);
    expect(asked).toEqual([URL_OF_ALL, URL_OF_ALL]);
    store.recordUse?.(ada?.keys[0]?.key as VerificationKey, 7);
    store.recordUse?.(own, 8);
    await store.close();
    expect(await db.selectFrom('trust').select(['account_id', 'seen']).execute()).toEqual([
      { account_id: 1, seen: null },
      { account_id: 2, seen: 'at 7' },
    ]);
  });

  test('is unavailable if a set cannot be fetched', async () => {
    const { store } = await makeStore(() => {
      throw new Error('down');
    });
    await expect(store.find('guido', HINT)).rejects.toThrow('down');
  });

  test('accepts the keys of one set if another cannot be fetched', async () => {
    const theirs = await newKey();
    const { store, own } = await makeStore((url) => {
      if (url === URL_OF_ALL) throw new Error('down');
      return [{ key: theirs, state: 'active' }];
    });
    await db.insertInto('trust').values({ account_id: 1, url: 'https://other.example.com/', seen: null }).execute();
    expect((await store.find('guido', HINT))?.keys.map(({ key }) => key.kid)).toEqual([own.kid, theirs.kid]);
  });

  test('fetches no set for a disabled user or for a key in the table; otherwise passes the kid and algorithm to the client', async () => {
    const hints: unknown[] = [];
    const { store, own } = await makeStore((_url, hint) => {
      hints.push(hint);
      return [];
    });
    for (const kid of [own.kid, own.kid.toUpperCase()]) await store.find('guido', { kid, alg: 'EdDSA' });
    expect(hints).toEqual([]);
    await store.find('guido', { kid: 'theirs', alg: 'EdDSA' });
    expect(hints).toEqual([{ kid: 'theirs', alg: 'EdDSA' }]);
    await db.updateTable('account').set({ is_active: 0 }).execute();
    expect(await store.find('guido', HINT)).toMatchObject({ disabled: true });
    expect(hints).toHaveLength(1);
  });

  test('takes the kid of a key from the set, but its state from the table', async () => {
    const revoked = await newKey();
    const { store } = await makeStore(() => [
      { key: revoked, state: 'active', issuerKid: 'the-blue-one' } as KeyRecord,
    ]);
    const marked = sqlKeyStore(db, {
      users: USERS,
      keys: { publicKey: 'public_key', revoked: 'is_admin' },
      jwks: {
        ...{ table: 'trust', userId: 'account_id', url: 'url' },
        jwksKeys: () => [{ key: revoked, state: 'active', issuerKid: 'the-blue-one' } as KeyRecord],
      },
    });
    await db.updateTable('account').set({ public_key: revoked.toPem(), is_admin: 1 }).execute();
    expect((await store.find('guido', HINT))?.keys).toMatchObject([{ state: 'active', issuerKid: 'the-blue-one' }]);
    expect((await marked.find('guido', HINT))?.keys).toMatchObject([{ state: 'revoked', issuerKid: 'the-blue-one' }]);
  });

  test('finds a key only once if several sets contain it', async () => {
    const keys = new Map<string, VerificationKey[]>();
    const { store, own } = await makeStore((url) => (keys.get(url) ?? []).map((key) => ({ key, state: 'active' })));
    const other = 'https://other.example.com/jwks.json';
    await db.insertInto('trust').values({ account_id: 1, url: other, seen: null }).execute();
    const [one, two] = [await newKey(), await newKey()];
    keys.set(URL_OF_ALL, [one, own]);
    keys.set(other, [two, one]);
    const found = await store.find('guido', HINT);
    expect(found?.keys.map(({ key }) => key.kid).sort()).toEqual([own.kid, one.kid, two.kid].sort());
  });
});

describe('the time of the last use', () => {
  async function makeStore(column: 'is_admin' | 'missing') {
    await add('guido', (await newKey()).toPem());
    const written: number[] = [];
    const errors: unknown[] = [];
    const store = sqlKeyStore(db as Kysely<unknown>, {
      users: USERS,
      keys: {
        id: 'id',
        publicKey: 'public_key',
        lastUsed: {
          column,
          value(at) {
            written.push(at);
            return at;
          },
        },
      },
      onWriteError: (error) => errors.push(error),
    });
    const key = (await store.find('guido', HINT))?.keys[0]?.key as VerificationKey;
    return { store, key, written, errors, use: (at: number) => store.recordUse?.(key, at) };
  }
  afterEach(() => void vi.useRealTimers());

  test('is written once a minute for any number of uses', async () => {
    const { use, written } = await makeStore('is_admin');
    vi.useFakeTimers();
    for (const at of [1, 2, 3, 2]) use(at);
    await vi.advanceTimersByTimeAsync(59_999);
    expect(written).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(written).toEqual([3]);
    await vi.advanceTimersByTimeAsync(600_000);
    expect(written).toEqual([3]);
    use(70);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(written).toEqual([3, 70]);
  });

  test('is written again a minute after a failed write, which is reported and fails no request', async () => {
    const { use, errors, written } = await makeStore('is_admin');
    const refuse = "CREATE TRIGGER refuse BEFORE UPDATE ON account BEGIN SELECT RAISE(ABORT, 'not now'); END";
    await ask(db as Kysely<unknown>, refuse);
    vi.useFakeTimers();
    use(1);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(errors).toEqual([expect.objectContaining({ message: 'not now' })]);
    await ask(db as Kysely<unknown>, 'DROP TRIGGER refuse');
    await vi.advanceTimersByTimeAsync(60_000);
    expect(written).toEqual([1, 1]);
    expect(await db.selectFrom('account').select('is_admin').execute()).toEqual([{ is_admin: 1 }]);
    expect(errors).toHaveLength(1);
  });

  test('is not written if the column is missing, and the error is reported once', async () => {
    const { store, use, errors } = await makeStore('missing');
    for (const at of [1, 2, 3]) {
      use(at);
      await store.flush();
    }
    expect(errors).toEqual([expect.objectContaining({ message: expect.stringContaining('missing') })]);
  });

  test('is written by close(), and not afterwards', async () => {
    const { store, use, written } = await makeStore('is_admin');
    use(1);
    await store.close();
    use(2);
    await store.flush();
    expect(written).toEqual([1]);
  });
});

describe('wrong mappings', () => {
  const keys = { publicKey: 'public_key' };
  const lastUsed = { column: 'seen', value: () => 0 };
  test.each([
    ['option users.table: is missing', { users: { id: 'id', username: 'email' }, keys }],
    ['option users.nmae: unknown', { users: { ...USERS, nmae: 'email' }, keys }],
    ['option users.disabled: must be a non-empty string', { users: { ...USERS, disabled: true }, keys }],
    ['option keys.publicKey: is missing', { users: USERS, keys: {} }],
    ['option keys.publicKey: is missing', { users: USERS }],
    ['option keys.userId: is missing', { users: USERS, keys: { ...keys, table: 'k' } }],
    ['option keys.userId: needs keys.table', { users: USERS, keys: { ...keys, userId: 'id' } }],
    ['option keys.lastUsed: needs keys.id', { users: USERS, keys: { ...keys, lastUsed } }],
    ['option keys.revokd: unknown', { users: USERS, keys: { ...keys, revokd: 'x' } }],
    ['option jwks.jwksKeys: is missing', { users: USERS, keys, jwks: { table: 't', userId: 'u', url: 'v' } }],
    ['option maxParsedKeys: must be a number from 1', { users: USERS, keys, maxParsedKeys: 0 }],
    ['option onBadkey: unknown', { users: USERS, keys, onBadkey: () => {} }],
  ])('%s', (message, options) => {
    expect(() => sqlKeyStore(db, options as never)).toThrow(message);
  });

  test.each([
    ['users', { users: { ...USERS, nothing: 1 }, keys }],
    ['keys', { users: USERS, keys: { ...keys, nothing: 1 } }],
    ['jwks', { users: USERS, keys, jwks: { nothing: 1 } }],
  ])('docs/OWN_USERS.md lists every member of %s', (name, options) => {
    let message = '';
    try {
      sqlKeyStore(db, options as never);
    } catch (error) {
      message = (error as Error).message;
    }
    const members = message.replace(/.*use one of /, '').split(', ');
    const page = readFileSync(new URL('../../../../../docs/OWN_USERS.md', import.meta.url), 'utf8');
    const documented = [...page.matchAll(new RegExp(`^\\| \`${name}\\.(\\w+)\` \\|`, 'gm'))].map(([, one]) => one);
    expect(documented.sort()).toEqual(members.sort());
  });

  test('do not compile if the database is typed', () => {
    const store = sqlKeyStore(db, { users: { ...USERS, select: ['email'] }, keys: { publicKey: 'public_key' } });
    expectTypeOf<Awaited<ReturnType<typeof store.find>>>().toEqualTypeOf<UserRecord<{ email: string }> | undefined>();
    const untyped = sqlKeyStore(db as Kysely<unknown>, { users: USERS, keys });
    expectTypeOf<Awaited<ReturnType<typeof untyped.find>>>().toEqualTypeOf<
      UserRecord<Record<string, unknown>> | undefined
    >();
    // @ts-expect-error there is no such table
    sqlKeyStore(db, { users: { table: 'accounts', id: 'id', username: 'email' }, keys: { publicKey: 'public_key' } });
    // @ts-expect-error there is no such column
    sqlKeyStore(db, { users: { table: 'account', id: 'id', username: 'name' }, keys: { publicKey: 'public_key' } });
    // @ts-expect-error the column is in the other table
    sqlKeyStore(db, { users: USERS, keys: { table: 'trust', userId: 'account_id', publicKey: 'public_key' } });
    // @ts-expect-error a separate key table needs userId
    expect(() => sqlKeyStore(db, { users: USERS, keys: { table: 'trust', publicKey: 'url' } })).toThrow('keys.userId');
    // @ts-expect-error there is no such column to select
    sqlKeyStore(db, { users: { ...USERS, select: ['name'] }, keys: { publicKey: 'public_key' } });
  });
});
