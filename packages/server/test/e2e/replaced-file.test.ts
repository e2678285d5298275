/** Replaces the database file of a running server. */
import { copyFileSync, renameSync } from 'node:fs';
import { scratch, serve } from 'ajwt-testkit/ajwtd';
import { exchange, request } from 'ajwt-testkit/connection';
import { asOfAMinuteAgo, databaseWith, inDirectory, publicKeyOf, token } from 'ajwt-testkit/directory';
import { expect, test } from 'vitest';

const file = scratch();

test('a server refuses all requests after its database file was replaced, because a key may be revoked in the new one', async () => {
  const database = file('ajwt.db');
  const key = (await databaseWith(database, ['alice'])).get('alice');
  if (key === undefined) throw new Error('no key');
  await asOfAMinuteAgo(database);
  copyFileSync(database, file('copy.db'));
  const server = await serve({ database });
  const signed = () => request('/.ajwt/whoami', [`Authorization: JWT ${token('alice', key)}`]);
  expect((await exchange(server.port, signed())).status).toBe(200);

  for (const end of ['', '-wal', '-shm']) renameSync(`${database}${end}`, file(`old.db${end}`));
  renameSync(file('copy.db'), database);
  await inDirectory(database, (directory) => directory.revokeKey(publicKeyOf(key).fingerprint));
  await expect.poll(async () => (await exchange(server.port, signed())).status).toBe(503);
  const { cause } = await server.logged(({ reason }) => reason === 'unavailable');
  expect(cause).toMatch(/was replaced or removed; restart ajwtd$/);
  await server.stop();
});
