/** `/readyz` responds with 200 if and only if the server can decide signed requests. */
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { renameSync, writeFileSync } from 'node:fs';
import { type Ajwtd, ajwtd, scratch, serve } from 'ajwt-testkit/ajwtd';
import { exchange, request } from 'ajwt-testkit/connection';
import { databaseWith, publicKeyOf, token } from 'ajwt-testkit/directory';
import { lacksPostgres, PostgresServer } from 'ajwt-testkit/servers/postgres';
import { describe, expect, test } from 'vitest';

const file = scratch();
const ADMIN = ['--nonces', 'memory', '--admin-listen', '127.0.0.1:0'];

/** Returns the responses to `/readyz` and to a signed request at the same time. */
async function look(server: Ajwtd, key: KeyObject) {
  const { msg } = await server.logged((line) => line.msg.startsWith('admin listener: '));
  const response = await fetch(`${msg.split(' ')[2]}/readyz`);
  const signed = request('/.ajwt/auth', [`Authorization: JWT ${token('alice', key)}`]);
  const { status } = await exchange(server.port, signed);
  return { readyz: response.status, signed: status, ...((await response.json()) as { reason?: string }) };
}

test('/readyz responds with 503 while the file of the SQLite database is missing, and with 200 when it is back', async () => {
  const database = file('away.db');
  const key = (await databaseWith(database, ['alice'])).get('alice') as KeyObject;
  const server = await serve({ database, args: ADMIN });
  expect(await look(server, key)).toMatchObject({ readyz: 200, signed: 200 });
  renameSync(database, file('elsewhere.db'));
  await expect
    .poll(() => look(server, key), { timeout: 10_000 })
    .toMatchObject({
      ...{ readyz: 503, signed: 503 },
      reason: expect.stringContaining('was replaced or removed; restart ajwtd'),
    });
  await server.logged(({ msg, reason }) => msg === 'not ready' && String(reason).includes('replaced or removed'));
  renameSync(file('elsewhere.db'), database);
  await expect.poll(() => look(server, key), { timeout: 10_000 }).toMatchObject({ readyz: 200, signed: 200 });
  await server.logged(({ msg }) => msg === 'ready again');
  await server.stop();
});

describe.skipIf(lacksPostgres)('with PostgreSQL (needs postgresql)', () => {
  test('/readyz responds with 503 while the database is down, and with 200 when it is back', async () => {
    const postgres = await PostgresServer.start();
    const database = `postgres://postgres@127.0.0.1:${postgres.port}/postgres`;
    const key = generateKeyPairSync('ed25519').privateKey;
    writeFileSync(file('alice.pub'), publicKeyOf(key).toOpenSsh());
    const { code, stderr } = await ajwtd(['key', 'add', 'alice', file('alice.pub')], {
      env: { AJWTD_DATABASE: database },
    });
    expect(code, stderr).toBe(0);
    const server = await serve({ database, args: ADMIN });
    expect(await look(server, key)).toMatchObject({ readyz: 200, signed: 200 });
    await postgres.crash();
    await expect
      .poll(() => look(server, key), { timeout: 15_000 })
      .toMatchObject({
        ...{ readyz: 503, signed: 503 },
        reason: expect.stringContaining('the key store cannot be read: '),
      });
    await postgres.restart();
    await expect.poll(() => look(server, key), { timeout: 15_000 }).toMatchObject({ readyz: 200, signed: 200 });
    await server.stop();
    await postgres.remove();
  }, 60_000);
});
