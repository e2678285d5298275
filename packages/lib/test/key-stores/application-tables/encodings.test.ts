/** Looking up a username that the database cannot represent finds no user; it is not a database failure. */

import { ask, openDatabase } from 'ajwt-testkit/databases';
import { claimAt, now, outcomeOf } from 'ajwt-testkit/server-stores';
import { lacksMariadb, MariadbServer } from 'ajwt-testkit/servers/mariadb';
import { lacksPostgres, PostgresServer } from 'ajwt-testkit/servers/postgres';
import { Kysely, MysqlDialect } from 'kysely';
import mysql from 'mysql2';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createAuthorization } from '../../../src/client.ts';
import { createAuthenticator, type KeyStore, memoryNonceStore, PrivateKey } from '../../../src/index.ts';
import { djangoKeyStore, sqlDirectory, sqlKeyStore, sqlNonceStore } from '../../../src/sql.ts';
import { HINT } from './suite.ts';

/** Unknown usernames with characters outside Latin-1 or outside the Basic Multilingual Plane; some begin like existing usernames. */
const NAMES = ['Ж', '\u{1f600}', 'guido\u{1f600}', 'guidЖ', 'guid\u0306o', '€', '\ufffd', 'ÿĀ'];
/** Existing users that a lossy conversion of these usernames would find. */
const USERS = ['guido', '?', '??', '????', 'guido?', 'guido????', 'guid?', 'guid', 'guid?o', 'y?'];

const key = await PrivateKey.generate('ed25519');

// biome-ignore lint/suspicious/noExplicitAny: only this test has these tables
type Database = Kysely<any>;

/** Makes the tables of an application and of a Django site; the username columns have the given type. */
async function makeTables(db: Database, nameType: string): Promise<void> {
  for (const table of ['app_user', 'asymmetric_jwt_auth_publickey', 'auth_user']) {
    await ask(db, `DROP TABLE IF EXISTS ${table}`);
  }
  const pem = key.publicKey.toOpenSsh();
  const word = nameType.startsWith('text') ? '"key"' : '`key`';
  await ask(db, `CREATE TABLE app_user (id integer PRIMARY KEY, name ${nameType} NOT NULL, pem varchar(500) NOT NULL)`);
  await ask(
    db,
    `CREATE TABLE auth_user (id integer PRIMARY KEY, password varchar(9), is_superuser integer, username ${nameType} NOT NULL, first_name varchar(9), last_name varchar(9), email varchar(9), is_staff integer, is_active integer)`,
  );
  await ask(
    db,
    `CREATE TABLE asymmetric_jwt_auth_publickey (id integer PRIMARY KEY, ${word} varchar(500), last_used_on varchar(30), user_id integer)`,
  );
  for (const [id, name] of USERS.entries()) {
    await ask(db, `INSERT INTO app_user VALUES (${id}, '${name}', '${pem}')`);
    await ask(db, `INSERT INTO auth_user VALUES (${id}, '', 0, '${name}', '', '', '', 0, 1)`);
    await ask(db, `INSERT INTO asymmetric_jwt_auth_publickey VALUES (${id}, '${pem}', NULL, ${id})`);
  }
}

const STORES: Readonly<Record<'sqlKeyStore' | 'djangoKeyStore', (db: Database) => KeyStore<unknown>>> = {
  sqlKeyStore: (db: Database) =>
    sqlKeyStore(db, { users: { table: 'app_user', id: 'id', username: 'name' }, keys: { publicKey: 'pem' } }),
  djangoKeyStore: (db: Database) => djangoKeyStore(db, { lastUsed: false }),
};

/** Checks that the stores find all existing users and no others, and that unknown users get 401. */
async function expectExactNames(db: Database, names: readonly string[] = NAMES): Promise<void> {
  for (const [kind, make] of Object.entries(STORES)) {
    const store = make(db);
    for (const name of USERS) expect(await store.find(name, HINT), `${kind} ${name}`).toMatchObject({ username: name });
    for (const name of names) expect(await store.find(name, HINT), `${kind} ${name}`).toBeUndefined();
    const auth = createAuthenticator({ keys: store, nonces: memoryNonceStore() });
    for (const name of names) {
      const authorization = await createAuthorization({ username: name, key });
      expect(await auth.authenticate({ authorization })).toMatchObject({ ok: false, reason: 'unknown_user' });
    }
  }
}

describe.skipIf(lacksPostgres)('in PostgreSQL (needs postgresql)', () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await PostgresServer.start(['fsync = off']);
  });
  afterAll(() => server?.remove());

  test.each(['LATIN1', 'WIN1251', 'EUC_JP', 'SQL_ASCII'])('with the encoding %s', async (encoding) => {
    const database = `names_${encoding.toLowerCase()}`;
    await server.query(`CREATE DATABASE ${database} ENCODING '${encoding}' LOCALE 'C' TEMPLATE template0`);
    const db = openDatabase({ kind: 'postgres', ...server.connection, database });
    try {
      await makeTables(db, 'text');
      await expectExactNames(db);
      const directory = sqlDirectory(db);
      await directory.migrate();
      await directory.addKey('guido', key.publicKey, { createUser: true });
      for (const name of NAMES) expect(await directory.find(name, HINT)).toBeUndefined();
      expect(await directory.find('guido', HINT)).toMatchObject({ username: 'guido' });
      const nonces = sqlNonceStore(db);
      await nonces.open(now());
      for (const name of NAMES) {
        expect(await outcomeOf(nonces, claimAt(Math.floor(now()) + 5, 'Ж\u{1f600}', name))).toBe('claimed');
      }
    } finally {
      await db.destroy();
    }
  });

  test('the directory refuses to add such a username and names the encoding; for other operations the user is unknown', async () => {
    await server.query("CREATE DATABASE administration ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0");
    const db = openDatabase({ kind: 'postgres', ...server.connection, database: 'administration' });
    try {
      const directory = sqlDirectory(db);
      await directory.migrate();
      for (const work of [
        () => directory.getUser('Ж'),
        () => directory.setDisabled('Ж', true),
        () => directory.removeUser('Ж'),
        () => directory.listKeys({ username: 'Ж' }),
        () => directory.addKey('Ж', key.publicKey),
      ]) {
        await expect(work()).rejects.toMatchObject({ name: 'DirectoryError', code: 'unknown_user' });
      }
      for (const work of [
        () => directory.addUser('Ж'),
        () => directory.addKey('Ж', key.publicKey, { createUser: true }),
      ]) {
        await expect(work()).rejects.toMatchObject({ code: 'bad_username', message: /character set.*"Ж".*UTF-8/ });
      }
      for (const work of [
        () => directory.listUsers({ search: 'Ж' }),
        () => directory.listUsers({ after: 'Ж' }),
        () => directory.listAudit({ subject: 'Ж' }),
      ]) {
        await expect(work()).rejects.toMatchObject({ code: 'bad_query' });
      }
    } finally {
      await db.destroy();
    }
  });

  test('a row that cannot be read is a failure, not an unknown user', async () => {
    const db = openDatabase({ kind: 'postgres', ...server.connection }, 1);
    try {
      await makeTables(db, 'text');
      await ask(db, `INSERT INTO app_user VALUES (100, 'guidó', 'ы')`);
      // The driver always sends UTF-8, so the row must contain the UTF-8 bytes of 'guidó' read as LATIN1.
      await ask(db, "UPDATE app_user SET name = convert_from(convert_to('guidó', 'UTF8'), 'LATIN1') WHERE id = 100");
      await ask(db, "SET client_encoding = 'LATIN1'");
      await expect(STORES.sqlKeyStore(db).find('guidó', HINT)).rejects.toThrow(
        'has no equivalent in encoding "LATIN1"',
      );
    } finally {
      await db.destroy();
    }
  });
});

describe.skipIf(lacksMariadb)('in MariaDB (needs mariadb-server)', () => {
  let server: MariadbServer;
  beforeAll(async () => {
    server = await MariadbServer.start();
  });
  afterAll(() => server?.remove());

  /** Opens a connection whose character set may differ from that of the tables. */
  function open(charset: string): Database {
    const pool = mysql.createPool({ ...server.connection, charset, connectionLimit: 2 });
    return new Kysely({ dialect: new MysqlDialect({ pool: pool as never }) });
  }

  test.each(
    ['latin1', 'utf8mb3', 'ascii', 'utf8mb4'].flatMap((names) =>
      ['utf8mb4', 'utf8', 'latin1'].map((connection) => [names, connection] as const),
    ),
  )('stores find only exact names in a %s column over a %s connection', async (names, connection) => {
    const setup = open('utf8mb4');
    const db = open(connection);
    try {
      await makeTables(setup, `varchar(150) CHARACTER SET ${names}`);
      await expectExactNames(db);
    } finally {
      await setup.destroy();
      await db.destroy();
    }
  });
});
