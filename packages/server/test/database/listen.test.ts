/** Changes that PostgreSQL tells: they count at once, and not when an answer has been kept for long enough. */
import { cached, PrivateKey } from 'asymmetric-jwt-auth';
import { sqlDirectory } from 'asymmetric-jwt-auth/sql';
import { pino } from 'pino';
import { describe, expect, test, vi } from 'vitest';
import { openDatabase } from '../../../../packages/lib/test/nonce-stores/databases.ts';
import { lacksPostgres, PostgresServer } from '../../../../test/servers/postgres.ts';
import type { ServerConfig } from '../../src/database/config.ts';
import { listenForChanges } from '../../src/database/listen.ts';

describe.skipIf(lacksPostgres)('a change that another process made', () => {
  test('counts although answers are kept for an hour, also after the connection was lost', async () => {
    const server = await PostgresServer.start();
    const { connection } = server;
    const database = openDatabase({ kind: 'postgres', ...connection });
    const elsewhere = sqlDirectory(database);
    await elsewhere.migrate();
    await elsewhere.addKey('guido', (await PrivateKey.generate()).publicKey, { createUser: true });

    const store = cached(sqlDirectory(database), { ttl: 3600 });
    const isDisabled = async () => (await store.find('guido', { kid: undefined, alg: 'EdDSA' }))?.disabled;
    const said: string[] = [];
    const log = pino({}, { write: (line: string) => said.push(JSON.parse(line).msg) });
    const config: ServerConfig = {
      kind: 'postgres',
      ...connection,
      password: undefined,
      encryption: 'none',
      ca: undefined,
      name: 'postgres',
    };
    let told = 0;
    const stop = listenForChanges(
      config,
      () => {
        told += 1;
        store.forget();
      },
      log,
    );
    await vi.waitUntil(() => told > 0);

    expect(await isDisabled()).toBe(false);
    await elsewhere.setDisabled('guido', true);
    await vi.waitUntil(isDisabled);

    // What changes while nobody listens counts as well.
    await server.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'ajwtd'");
    await vi.waitUntil(() => said.length === 1);
    expect(said[0]).toMatch(/^changes of users and keys are not told by the database/);
    await elsewhere.setDisabled('guido', false);
    await vi.waitUntil(async () => (await isDisabled()) === false);
    await vi.waitUntil(() => said.length === 2);
    expect(said[1]).toBe('changes of users and keys are told at once again');
    await elsewhere.setDisabled('guido', true);
    await vi.waitUntil(isDisabled);

    await stop();
    expect(said).toHaveLength(2);
    await database.destroy();
    await server.remove();
  });
});
