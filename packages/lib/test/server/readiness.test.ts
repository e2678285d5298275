/** `authenticator.readiness()` returns whether requests can be authenticated. */
import { closeSync, mkdtempSync, openSync, rmSync, statSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Kysely, sql } from 'kysely';
import { afterAll, afterEach, describe, expect, test, vi } from 'vitest';
import { createAuthorization } from '../../src/client.ts';
import {
  cachedKeyStore,
  chainedKeyStore,
  createAuthenticator,
  type KeyStore,
  memoryKeyStore,
  memoryNonceStore,
  PrivateKey,
  type Readiness,
} from '../../src/index.ts';
import { withJwks } from '../../src/jwks.ts';
import { authorizedKeysStore } from '../../src/key-stores/authorized-keys/authorized-keys-store.ts';
import { readinessProbe } from '../../src/server/readiness.ts';
import { nodeSqliteDialect, sqlDirectory, sqlKeyStore } from '../../src/sql.ts';

const key = await PrivateKey.generate('ed25519');
const folder = mkdtempSync(join(tmpdir(), 'ajwt-readiness-'));
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(() => void vi.useRealTimers());

const down = () => Promise.reject(new Error('down'));

describe('a key store', () => {
  const storeWith = (readiness: KeyStore<string>['readiness']): KeyStore<string> => ({
    find: () => undefined,
    ...(readiness && { readiness }),
  });
  const readinessOf = (keys: KeyStore<string>, nonces = memoryNonceStore()) =>
    createAuthenticator({ keys, nonces }).readiness();

  test('without a readiness() method counts as ready', async () => {
    expect(await readinessOf(memoryKeyStore())).toEqual({ ready: true });
  });

  test.each<[string, KeyStore<string>['readiness']]>([
    ['rejects', down],
    [
      'throws',
      () => {
        throw new Error('down');
      },
    ],
    // Node rejects with an AggregateError if every address of a host refuses the connection.
    ['rejects with several errors', () => Promise.reject(new AggregateError([new Error('down'), new Error('up')]))],
  ])('whose readiness() %s is not ready, and the reason contains the error message', async (_how, readiness) => {
    expect(await readinessOf(storeWith(readiness))).toEqual({
      ready: false,
      reason: 'the key store cannot be read: down',
    });
  });

  test('can return the reason directly, or in any thenable', async () => {
    const state: Readiness = { ready: false, reason: 'migrating' };
    // biome-ignore lint/suspicious/noThenProperty: the contract allows any thenable
    const later = { then: (fulfil: (state: Readiness) => void) => fulfil(state) } as unknown as PromiseLike<Readiness>;
    expect(await readinessOf(storeWith(() => state))).toEqual(state);
    expect(await readinessOf(storeWith(() => later))).toEqual(state);
  });

  test('does not hide why a nonce store is not ready', async () => {
    expect(await readinessOf(storeWith(down), memoryNonceStore({ afterLoss: 'quarantine' }))).toMatchObject({
      reason: expect.stringContaining('nonces of an earlier process may be lost'),
    });
    const broken = {
      ...memoryNonceStore(),
      readiness: () => {
        throw new Error('no nonces');
      },
    };
    expect(await readinessOf(memoryKeyStore(), broken)).toEqual({ ready: false, reason: 'no nonces' });
  });

  test.each<[string, (inner: KeyStore<string>) => KeyStore<string>]>([
    ['cachedKeyStore', (inner) => cachedKeyStore(inner)],
    ['chainedKeyStore', (inner) => chainedKeyStore(memoryKeyStore(), inner)],
    ['withJwks', (inner) => withJwks(inner, { jwksKeys: () => [] })],
  ])('reports its readiness through %s, which wraps it', async (_name, around) => {
    expect(await readinessOf(around(storeWith(down)))).toMatchObject({ ready: false });
    expect(await readinessOf(around(storeWith(async () => ({ ready: true }))))).toEqual({ ready: true });
    expect(await readinessOf(around(storeWith(undefined)))).toEqual({ ready: true });
  });
});

describe('however often readiness() is called', () => {
  function counting() {
    const clock = { now: 0 };
    const pending: ((state: Readiness) => void)[] = [];
    const readiness = () => new Promise<Readiness>((resolve) => pending.push(resolve));
    const ask = readinessProbe(
      { find: () => undefined, readiness },
      memoryNonceStore(),
      () => Date.now() / 1000,
      () => clock.now,
    );
    return { clock, pending, ask };
  }

  test('the key store is checked at most once a second, and never concurrently', async () => {
    const { clock, pending, ask } = counting();
    const asked = Array.from({ length: 100 }, ask);
    expect(pending).toHaveLength(1);
    pending[0]?.({ ready: true });
    expect(await Promise.all(asked)).toEqual(Array.from({ length: 100 }, () => ({ ready: true })));
    clock.now = 0.999;
    expect(await ask()).toEqual({ ready: true });
    expect(pending).toHaveLength(1);
    clock.now = 1;
    const next = ask();
    pending[1]?.({ ready: false, reason: 'down' });
    expect(await next).toEqual({ ready: false, reason: 'down' });
    expect(pending).toHaveLength(2);
  });

  test('a store that does not respond counts as not ready after 1 s, and is checked again after 10 s', async () => {
    vi.useFakeTimers();
    const { clock, pending, ask } = counting();
    const late = { ready: false, reason: 'the key store did not respond within 0.9 s' };
    for (clock.now = 0; clock.now < 10; clock.now += 1) {
      const state = ask();
      await vi.advanceTimersByTimeAsync(900);
      expect(await state).toEqual(late);
    }
    expect(pending).toHaveLength(1);
    const again = ask();
    expect(pending).toHaveLength(2);
    // The probe ignores the late result of the first check.
    pending[0]?.({ ready: true });
    await vi.advanceTimersByTimeAsync(900);
    expect(await again).toEqual(late);
    pending[1]?.({ ready: true });
    await vi.advanceTimersByTimeAsync(0);
    expect(await ask()).toEqual({ ready: true });
    expect(pending).toHaveLength(2);
  });
});

/** Makes one of the stores with a user in an SQLite file; `state` moves the clock past the cached result. */
async function sqliteStore(kind: 'sqlDirectory' | 'sqlKeyStore', name: string) {
  const file = join(folder, name);
  const database = new Kysely<unknown>({ dialect: nodeSqliteDialect(file) });
  const directory = sqlDirectory(database);
  await directory.migrate();
  await directory.addKey('guido', key.publicKey, { createUser: true });
  const keys: KeyStore<unknown> =
    kind === 'sqlDirectory'
      ? directory
      : sqlKeyStore(database, {
          users: { table: 'ajwt_user', id: 'id', username: 'username' },
          keys: { table: 'ajwt_key', userId: 'user_id', publicKey: 'public_key' },
        });
  const clock = { now: 0 };
  const nonces = memoryNonceStore();
  const probe = readinessProbe(
    keys,
    nonces,
    () => Date.now() / 1000,
    () => clock.now,
  );
  const auth = createAuthenticator({ keys, nonces });
  /** Returns `readiness()` and the result of a signed request, which must agree. */
  const state = async () => {
    clock.now += 1;
    const said = await probe();
    const result = await auth.authenticate({ authorization: await createAuthorization({ username: 'guido', key }) });
    expect(said.ready, JSON.stringify(said)).toBe(result.ok);
    return said.ready ? 'ready' : said.reason;
  };
  return { file, database, state };
}

describe.each(['sqlDirectory', 'sqlKeyStore'] as const)('%s on SQLite', (kind) => {
  test('is not ready while another process locks the file, and ready afterwards', async () => {
    const { file, database, state } = await sqliteStore(kind, `${kind}-locked.db`);
    // In WAL mode, no lock stops readers, so the database uses another mode.
    await sql`PRAGMA journal_mode = DELETE`.execute(database);
    expect(await state()).toBe('ready');
    const other = new DatabaseSync(file);
    other.exec('BEGIN EXCLUSIVE');
    expect(await state()).toMatch(/^the key store cannot be read: (?:the )?database is locked/);
    other.exec('COMMIT');
    other.close();
    expect(await state()).toBe('ready');
    await database.destroy();
  });

  test('is not ready if the file is damaged', async () => {
    const { file, database, state } = await sqliteStore(kind, `${kind}-damaged.db`);
    await sql`PRAGMA journal_mode = DELETE`.execute(database);
    expect(await state()).toBe('ready');
    const open = openSync(file, 'r+');
    writeSync(open, Buffer.alloc(statSync(file).size, 0xff), 0, undefined, 0);
    closeSync(open);
    expect(await state()).toMatch(/^the key store cannot be read: (?:file is not a database|database disk image)/);
    await database.destroy();
  });

  test('is not ready while a table is missing, and ready afterwards', async () => {
    const { file, database, state } = await sqliteStore(kind, `${kind}-tables.db`);
    const other = new DatabaseSync(file);
    other.exec('ALTER TABLE ajwt_key RENAME TO away');
    expect(await state()).toBe('the key store cannot be read: no such table: ajwt_key');
    other.exec('ALTER TABLE away RENAME TO ajwt_key');
    expect(await state()).toBe('ready');
    other.close();
    await database.destroy();
  });
});

test.each(['file', 'folder'] as const)('authorizedKeysStore is not ready if its %s does not exist', async (layout) => {
  const keys = authorizedKeysStore(join(folder, 'nowhere', 'keys'), { layout });
  const { readiness } = createAuthenticator({ keys, nonces: memoryNonceStore() });
  expect(await readiness()).toMatchObject({ ready: false, reason: expect.stringContaining('nowhere') });
});
