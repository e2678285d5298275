/** The directory in database servers: PostgreSQL and MariaDB. */
import { once } from 'node:events';
import { ask, openDatabase } from 'ajwt-testkit/databases';
import { lacksMariadb, MariadbServer } from 'ajwt-testkit/servers/mariadb';
import { lacksPostgres, PostgresServer } from 'ajwt-testkit/servers/postgres';
import { directoryContract, keyStoreContract } from 'asymmetric-jwt-auth/testing';
import type { Kysely } from 'kysely';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PrivateKey, type PublicKey } from '../../../src/index.ts';
import { directoryMigrationSql, type SqlDirectoryOptions, sqlDirectory } from '../../../src/sql.ts';

const HINT = { kid: undefined, alg: 'EdDSA' } as const;
const newKey = async () => (await PrivateKey.generate('ed25519')).publicKey;

describe.each([
  { kind: 'postgres', lacks: lacksPostgres, start: () => PostgresServer.start() },
  {
    kind: 'mariadb',
    lacks: lacksMariadb,
    // With this collation, comparisons ignore case and accents by default.
    start: () => MariadbServer.start(['--character-set-server=utf8mb4', '--collation-server=utf8mb4_general_ci']),
  },
] as const)('sqlDirectory on $kind', ({ kind, lacks, start }) => {
  describe.skipIf(lacks)('with a server', () => {
    let server: PostgresServer | MariadbServer;
    let database: Kysely<unknown>;
    beforeAll(async () => {
      server = await start();
      database = openDatabase({ kind, ...server.connection });
      await sqlDirectory(database).migrate();
    }, 60_000);
    afterAll(async () => {
      await database.destroy();
      await server.remove();
    });

    async function emptyDirectory(options: SqlDirectoryOptions = {}) {
      for (const table of ['ajwt_user', 'ajwt_revoked_key', 'ajwt_key_use', 'ajwt_audit'])
        await ask(database, `DELETE FROM ${table}`);
      return sqlDirectory(database, options);
    }

    describe('meets the key store contract', () => {
      const cases = keyStoreContract({
        states: ['active', 'expired', 'revoked'],
        async make(users) {
          let now = 1000;
          const directory = await emptyDirectory({ now: () => now });
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

    describe('meets the directory contract', () => {
      let others: Kysely<unknown>[] = [];
      let clock: () => number;
      const cases = directoryContract({
        make(now) {
          clock = now;
          return emptyDirectory({ now });
        },
        again() {
          const other = openDatabase({ kind, ...server.connection });
          others.push(other);
          return sqlDirectory(other, { now: clock });
        },
        async dispose() {
          for (const other of others) await other.destroy();
          others = [];
        },
      });
      for (const { name, run } of cases) test(name, run);
    });

    test('stores the longest username', async () => {
      const directory = await emptyDirectory();
      const username = '\u{1f600}'.repeat(150);
      await directory.addKey(username, await newKey(), { createUser: true });
      expect(await directory.find(username, HINT)).toMatchObject({ username, keys: [{ state: 'active' }] });
      expect((await directory.listAudit({ subject: username })).items).toHaveLength(2);
    });

    test('runs each migration once for concurrent callers, with the same result as the SQL', async () => {
      const tables = [
        'ajwt_key_set',
        'ajwt_key',
        'ajwt_user',
        'ajwt_revoked_key',
        'ajwt_key_use',
        'ajwt_audit',
        'ajwt_revision',
        'ajwt_migration',
      ];
      const drop = async () => {
        for (const table of [...tables, 'ajwt_migration_lock']) await ask(database, `DROP TABLE ${table}`);
      };
      await drop();
      expect(await sqlDirectory(database).pendingMigrations()).toEqual(['2026-11-directory', '2026-11-key-sets']);
      await Promise.all(Array.from({ length: 3 }, () => sqlDirectory(database).migrate()));
      expect(await sqlDirectory(database).migrate()).toEqual([]);
      await drop();
      const text = directoryMigrationSql(kind === 'postgres' ? 'postgres' : 'mysql');
      // The second run changes nothing.
      for (const statement of [...text.split(/;\n/), ...text.split(/;\n/)]) {
        if (statement !== '') await ask(database, statement);
      }
      const directory = sqlDirectory(database);
      expect(await directory.pendingMigrations()).toEqual([]);
      expect(await directory.addKey('guido', await newKey(), { createUser: true })).toMatchObject({ added: true });
    });
  });
});

describe.skipIf(lacksPostgres)('PostgreSQL notifies listeners (needs postgresql)', () => {
  test('of every committed change, including changes by hand', async () => {
    const server = await PostgresServer.start();
    const listener = new pg.Client(server.connection);
    listener.on('error', () => {});
    await listener.connect();
    await listener.query('LISTEN ajwt_directory');
    const database = openDatabase({ kind: 'postgres', ...server.connection });
    const directory = sqlDirectory(database);
    await directory.migrate();
    const key = await newKey();
    for (const change of [
      () => directory.addUser('guido'),
      () => directory.addKey('guido', key),
      () => directory.addJwks('guido', 'https://acme.example/jwks.json'),
      () => ask(database, 'DELETE FROM ajwt_key_set'),
      () => directory.revokeKey(key.kid),
      () => ask(database, 'UPDATE ajwt_user SET disabled = 1'),
      () => ask(database, 'TRUNCATE ajwt_user CASCADE'),
    ]) {
      const told = once(listener, 'notification');
      await change();
      await told;
    }
    await listener.end();
    await database.destroy();
    await server.remove();
  });
});
