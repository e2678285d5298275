/** The times of last use are written in batches, at most once a minute per key; a failed write never fails a request. */

import { ask } from 'ajwt-testkit/databases';
import { Kysely } from 'kysely';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { PrivateKey, type PublicKey } from '../../../src/index.ts';
import { type Directory, nodeSqliteDialect, sqlDirectory } from '../../../src/sql.ts';

let database: Kysely<unknown>;
let directory: Directory;
let key: PublicKey;
const errors: unknown[] = [];

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  errors.length = 0;
  database = new Kysely<unknown>({ dialect: nodeSqliteDialect(':memory:') });
  directory = sqlDirectory(database, { onWriteError: (error) => errors.push(error) });
  await directory.migrate();
  key = (await PrivateKey.generate('ed25519')).publicKey;
  await directory.addKey('guido', key, { createUser: true });
});
afterEach(async () => {
  vi.useRealTimers();
  await database.destroy();
});

const lastUsed = async () => (await directory.listKeys()).items[0]?.lastUsed;

test('the first use of a key is written after a second, later uses at most once a minute', async () => {
  directory.recordUse(key, 1000);
  expect(await lastUsed()).toBeNull();
  await vi.advanceTimersByTimeAsync(1000);
  expect(await lastUsed()).toBe(1000);
  directory.recordUse(key, 1002);
  directory.recordUse(key, 1030);
  await vi.advanceTimersByTimeAsync(58_000);
  expect(await lastUsed()).toBe(1000);
  await vi.advanceTimersByTimeAsync(3000);
  expect(await lastUsed()).toBe(1030);
});

test('a failed write is reported and later repeated, and fails no request', async () => {
  await ask(database, 'ALTER TABLE ajwt_key_use RENAME TO elsewhere');
  directory.recordUse(key, 1000);
  await vi.advanceTimersByTimeAsync(1000);
  expect(errors).toHaveLength(1);
  await ask(database, 'ALTER TABLE elsewhere RENAME TO ajwt_key_use');
  await vi.advanceTimersByTimeAsync(61_000);
  expect(await lastUsed()).toBe(1000);
  expect(errors).toHaveLength(1);
});

test('close() writes all pending times, even before the minute is over', async () => {
  directory.recordUse(key, 1000);
  await vi.advanceTimersByTimeAsync(1000);
  directory.recordUse(key, 1005);
  await directory.close();
  expect(await lastUsed()).toBe(1005);
});
