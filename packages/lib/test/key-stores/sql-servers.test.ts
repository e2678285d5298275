/** The directory in database servers: PostgreSQL and MariaDB. */
import { keyStoreContract } from 'asymmetric-jwt-auth/testing';
import type { Kysely } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { lacksMariadb, MariadbServer } from '../../../../test/servers/mariadb.ts';
import { lacksPostgres, PostgresServer } from '../../../../test/servers/postgres.ts';
import { PrivateKey, type PublicKey } from '../../src/index.ts';
import { directoryMigrationSql, type SqlDirectoryOptions, sqlDirectory } from '../../src/sql/index.ts';
import { ask, openDatabase } from '../nonce-stores/databases.ts';

const HINT = { kid: undefined, alg: 'EdDSA' } as const;
const newKey = async () => (await PrivateKey.generate('ed25519')).publicKey;

/** Names that a database with a lazy collation takes for one another. */
const TWINS = ['guido', 'Guido', 'GUIDO', 'gu\u0131do', 'é', 'e\u0301', 'É', 'ß', 'ss', '\u{1f600}', '\u{1f601}'];

describe.each([
  { kind: 'postgres', lacks: lacksPostgres, start: () => PostgresServer.start() },
  {
    kind: 'mariadb',
    lacks: lacksMariadb,
    // The default of new databases compares without case and accents.
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
      for (const table of ['ajwt_user', 'ajwt_revoked_key']) await ask(database, `DELETE FROM ${table}`);
      return sqlDirectory(database, options);
    }

    describe('keeps the contract of key stores', () => {
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

    test('tells names apart that differ by case, accents or composition alone, and lists them by their code points', async () => {
      const directory = await emptyDirectory();
      for (const username of TWINS) await directory.addUser(username);
      for (const username of TWINS) {
        expect(await directory.getUser(username)).toMatchObject({ username });
        expect(await directory.find(username, HINT)).toMatchObject({ username });
        await expect(directory.addUser(username)).rejects.toMatchObject({ code: 'user_exists' });
      }
      const bytewise = [...TWINS].sort((one, other) => Buffer.compare(Buffer.from(one), Buffer.from(other)));
      expect((await directory.listUsers()).map(({ username }) => username)).toEqual(bytewise);
      for (const stranger of ['guido ', 'guidO', 'e', 'S', '\ufeffguido', 'guido\u0000', '\ud800']) {
        expect(await directory.find(stranger, HINT), stranger).toBeUndefined();
        await expect(directory.getUser(stranger)).rejects.toMatchObject({ code: 'unknown_user' });
      }
    });

    test('holds the longest name, and the longest comment', async () => {
      const directory = await emptyDirectory();
      const [username, comment] = ['\u{1f600}'.repeat(150), '\u{1f601}'.repeat(250)];
      await directory.addKey(username, await newKey(), { comment, createUser: true });
      expect(await directory.listKeys(username)).toMatchObject([{ username, comment }]);
      expect(await directory.find(username, HINT)).toMatchObject({ username });
    });

    test('a key is added once, conflicts, expires, is revoked, and does not come back', async () => {
      const directory = await emptyDirectory({ now: () => 1000.25 });
      const key = await newKey();
      expect(await directory.addKey('guido', key, { createUser: true, expires: 5000.5 })).toMatchObject({
        added: true,
        userAdded: true,
        key: { username: 'guido', created: 1000.25, expires: 5000.5, revoked: null, state: 'active' },
      });
      expect(await directory.addKey('guido', key, { comment: 'laptop' })).toMatchObject({
        added: false,
        key: { comment: 'laptop', expires: 5000.5 },
      });
      const foreign = directory.addKey('ada', key, { createUser: true });
      await expect(foreign).rejects.toMatchObject({ code: 'key_conflict' });
      expect(await directory.listUsers()).toHaveLength(1);
      expect(await directory.revokeKey(key.thumbprint)).toMatchObject({ revoked: true });
      expect(await directory.revokeKey(key.kid.toUpperCase())).toMatchObject({ revoked: false });
      await directory.removeUser('guido');
      expect(await directory.listKeys()).toEqual([]);
      await expect(directory.addKey('ada', key, { createUser: true })).rejects.toMatchObject({ code: 'key_revoked' });
    });

    test('of those who do the same at once, one does it', async () => {
      const directory = await emptyDirectory();
      for (let round = 0; round < 5; round++) {
        const key = await newKey();
        const names = ['a', 'b', 'c', 'd'].map((letter) => `${letter}${round}`);
        const outcomes = await Promise.allSettled(
          names.map((name) => directory.addKey(name, key, { createUser: true })),
        );
        expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
        expect(await directory.listUsers()).toHaveLength(round + 1);
      }
      const same = await Promise.allSettled(Array.from({ length: 4 }, () => directory.addUser('same')));
      expect(same.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      const key = await newKey();
      const twice = await Promise.all(Array.from({ length: 4 }, () => directory.addKey('same', key)));
      expect(twice.filter(({ added }) => added)).toHaveLength(1);
    });

    test('migrations are made once, also where several begin at once, and are the same as SQL', async () => {
      const tables = ['ajwt_key', 'ajwt_user', 'ajwt_revoked_key', 'ajwt_revision', 'ajwt_migration'];
      const drop = async () => {
        for (const table of [...tables, 'ajwt_migration_lock']) await ask(database, `DROP TABLE ${table}`);
      };
      await drop();
      expect(await sqlDirectory(database).pendingMigrations()).toEqual(['2026-11-directory']);
      await Promise.all(Array.from({ length: 3 }, () => sqlDirectory(database).migrate()));
      expect(await sqlDirectory(database).migrate()).toEqual([]);
      await drop();
      const text = directoryMigrationSql(kind === 'postgres' ? 'postgres' : 'mysql');
      // Twice: what is there is left as it is.
      for (const statement of [...text.split(/;\n/), ...text.split(/;\n/)]) {
        if (statement !== '') await ask(database, statement);
      }
      const directory = sqlDirectory(database);
      expect(await directory.pendingMigrations()).toEqual([]);
      expect(await directory.addKey('guido', await newKey(), { createUser: true })).toMatchObject({ added: true });
    });
  });
});
