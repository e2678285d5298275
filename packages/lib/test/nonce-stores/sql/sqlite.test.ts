import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { nonceStoreContract } from 'asymmetric-jwt-auth/testing';
import { Kysely } from 'kysely';
import { afterEach, describe, expect, test } from 'vitest';
import {
  nodeSqliteDialect,
  type SqlDatabase,
  type SqlNonceStore,
  type SqlNonceStoreOptions,
  sqlNonceStore,
} from '../../../src/sql.ts';
import { checkConcurrentClaims } from '../concurrent-claims.ts';
import { raceThreeProcesses } from '../three-processes.ts';

const open: { store: SqlNonceStore; database: Kysely<unknown>; folder: string }[] = [];

async function makeFile(): Promise<string> {
  return join(await mkdtemp(join(tmpdir(), 'ajwt-nonces-')), 'nonces.db');
}

function openStore(file: string, options: SqlNonceStoreOptions = {}) {
  const database = new Kysely<unknown>({ dialect: nodeSqliteDialect(file) });
  const store = sqlNonceStore(database, options);
  open.push({ store, database, folder: join(file, '..') });
  return store;
}

afterEach(async () => {
  for (const { store } of open) await store.close();
  for (const { database } of open) await database.destroy();
  for (const { folder } of open.splice(0)) await rm(folder, { recursive: true, force: true });
});

describe('sqlNonceStore on SQLite meets the nonce store contract', () => {
  let file = '';
  const cases = nonceStoreContract({
    async make({ tolerance, clockMargin, maxClaimsPerSecond }) {
      file = await makeFile();
      return openStore(file, { tolerance, clockMargin, maxClaimsPerSecond });
    },
    noCapacity: 'only the disk limits it',
    restart: (_, { tolerance, clockMargin, maxClaimsPerSecond }) =>
      openStore(file, { tolerance, clockMargin, maxClaimsPerSecond }),
    loseMemory(_, { tolerance, clockMargin, maxClaimsPerSecond }) {
      const database = new DatabaseSync(file);
      database.exec('DELETE FROM ajwt_nonce');
      database.close();
      return openStore(file, {
        tolerance,
        clockMargin,
        maxClaimsPerSecond,
        incarnation: 'after a crash',
      });
    },
    race: (race) => raceThreeProcesses({ kind: 'sqlite', file }, race),
  });
  for (const { name, run } of cases) test(name, run);
});

const NOW = 1_800_000_000;
const claimAt = (time: number, nonce = 'n') => ({ username: 'alice', time, nonce });

describe('sqlNonceStore on SQLite', () => {
  test('remembers nonces after a restart of the process', async () => {
    const file = await makeFile();
    expect(await openStore(file).claim(claimAt(NOW), NOW)).toBe('claimed');
    expect(await openStore(file).claim(claimAt(NOW), NOW + 1)).toBe('replayed');
    expect(await openStore(file).claim(claimAt(NOW, 'other'), NOW + 1)).toBe('claimed');
  });

  test('after a restart of the machine, refuses every earlier token, and reports when it is ready', async () => {
    const file = await makeFile();
    expect(await openStore(file, { incarnation: 'boot 1' }).claim(claimAt(NOW), NOW)).toBe('claimed');
    const next = openStore(file, { incarnation: 'boot 2' });
    await next.open(NOW + 5.5);
    expect(next.readiness(NOW + 5.5)).toMatchObject({
      ready: false,
      reason: expect.stringContaining('serving again in 0.5 s'),
    });
    expect(await next.claim(claimAt(NOW + 5, 'unused'), NOW + 5.5)).toBe('forgotten');
    expect(next.readiness(NOW + 6)).toEqual({ ready: true });
    expect(await next.claim(claimAt(NOW + 6), NOW + 6)).toBe('claimed');
  });

  test('accepts no more claims through a store that was opened before the restart', async () => {
    const file = await makeFile();
    const old = openStore(file, { incarnation: 'boot 1' });
    expect(await old.claim(claimAt(NOW), NOW)).toBe('claimed');
    await openStore(file, { incarnation: 'boot 2' }).open(NOW + 5);
    expect(await old.claim(claimAt(NOW + 5, 'm'), NOW + 5)).toBe('forgotten');
  });

  test('treats earlier tokens as afterLoss specifies after a loss', async () => {
    const file = await makeFile();
    const before = openStore(file, { incarnation: 'boot 1' });
    expect(await before.claim(claimAt(NOW + 20), NOW)).toBe('claimed');
    const closed = openStore(file, { incarnation: 'boot 2', afterLoss: 'quarantine' });
    await expect(closed.claim(claimAt(NOW + 20), NOW + 1)).rejects.toThrow('may be lost');
    expect(closed.readiness(NOW + 29)).toMatchObject({ ready: false, reason: expect.stringContaining('in 2.0 s') });
    expect(await closed.claim(claimAt(NOW + 31), NOW + 31)).toBe('claimed');
    const open = openStore(file, { incarnation: 'boot 3', afterLoss: 'accept' });
    expect(await open.claim(claimAt(NOW + 31, 'unused'), NOW + 31)).toBe('claimed');
    expect(open.readiness(NOW + 31)).toEqual({ ready: true });
  });

  test('accepts no earlier token if the file is replaced by an older copy while the store is open', async () => {
    const file = await makeFile();
    const store = openStore(file);
    for (const second of [0, 100, 200]) await store.claim(claimAt(NOW + second), NOW + second);
    const other = new DatabaseSync(file);
    const floor = () => other.prepare('SELECT floor FROM ajwt_epoch').get();
    await expect.poll(floor).toEqual({ floor: NOW + 100 });
    await openStore(file).open(NOW + 200);
    const seeing = openStore(file);
    await seeing.open(NOW + 200);
    other.exec(`UPDATE ajwt_epoch SET floor = ${NOW}; DELETE FROM ajwt_nonce`);
    expect(await seeing.claim(claimAt(NOW + 200), NOW + 201.5)).toBe('forgotten');
    expect(floor()).toEqual({ floor: NOW + 201.5 });
    other.close();
  });

  test.each([
    [{ afterLoss: 'never' }, 'option afterLoss'],
    [{ clockMargin: 0 }, 'option clockMargin'],
    [{ perUse: 1 }, 'option perUse: unknown'],
  ])('refuses %o', async (options, message) => {
    const file = await makeFile();
    expect(() => openStore(file, options as SqlNonceStoreOptions)).toThrow(message);
  });

  test('refuses a transaction, and an unknown kind of database', async () => {
    const database = new Kysely<unknown>({ dialect: nodeSqliteDialect(await makeFile()) });
    await database.transaction().execute(async (transaction) => {
      expect(() => sqlNonceStore(transaction)).toThrow('a transaction cannot hold nonces');
    });
    await database.destroy();
    const other = { isTransaction: false, getExecutor: () => ({ adapter: {} }), executeQuery: () => Promise.reject() };
    expect(() => sqlNonceStore(other)).toThrow('SQLite, PostgreSQL or MySQL');
  });

  test('deletes a record once it has expired, and raises the floor first', async () => {
    const file = await makeFile();
    const store = openStore(file);
    for (let second = 0; second < 100; second++) await store.claim(claimAt(NOW + second), NOW + second);
    const look = new DatabaseSync(file);
    const rows = () => look.prepare('SELECT count(*) AS rows, min(time) AS oldest FROM ajwt_nonce').get();
    await expect.poll(rows).toEqual({ rows: 41, oldest: NOW + 59 });
    expect(look.prepare('SELECT floor FROM ajwt_epoch').get()).toEqual({ floor: NOW + 58 });
    look.close();
    expect(await store.claim(claimAt(NOW + 58, 'unused'), NOW + 99)).toBe('forgotten');
  });

  test('locks users out for at most 2T + M if a clock that was years ahead has set the floor', async () => {
    const file = await makeFile();
    let monotonic = 0;
    const store = openStore(file, { monotonic: () => monotonic });
    const years = 10 * 365 * 86_400;
    expect(await store.claim(claimAt(NOW + years), NOW + years)).toBe('claimed');
    expect(await store.claim(claimAt(NOW + years + 100), NOW + years + 100)).toBe('claimed');
    const look = new DatabaseSync(file);
    await expect.poll(() => look.prepare('SELECT floor FROM ajwt_epoch').get()).toEqual({ floor: NOW + years });
    look.close();
    for (const passed of [0, 59, 61]) {
      monotonic = passed;
      await expect(store.claim(claimAt(NOW + passed), NOW + passed)).rejects.toThrow('check the clock');
    }
    expect(await store.claim(claimAt(NOW + 62), NOW + 62)).toBe('claimed');
  });

  test('lowers an impossible floor for all processes, even if it becomes possible while the store is closed', async () => {
    const file = await makeFile();
    let monotonic = 0;
    const options = { monotonic: () => monotonic };
    const [store, other] = [openStore(file, options), openStore(file, options)];
    expect(await store.claim(claimAt(NOW), NOW)).toBe('claimed');
    const look = new DatabaseSync(file);
    look.prepare('UPDATE ajwt_epoch SET floor = ?').run(NOW + 70);
    look.close();
    for (const passed of [0, 29, 31, 59, 60]) {
      monotonic = passed;
      for (const one of [store, other]) {
        await expect(one.claim(claimAt(NOW + passed, 'unused'), NOW + passed), `${passed} s`).rejects.toThrow(
          'check the clock',
        );
      }
    }
    monotonic = 61;
    expect(await store.claim(claimAt(NOW + 61, 'a'), NOW + 61)).toBe('claimed');
    expect(await other.claim(claimAt(NOW + 61, 'b'), NOW + 61)).toBe('claimed');
  });

  test('stays closed for the same time after a second step of the clock, even if the first step was small', async () => {
    let monotonic = 0;
    const file = await makeFile();
    const store = openStore(file, { monotonic: () => monotonic });
    const look = new DatabaseSync(file);
    const floor = () => (look.prepare('SELECT floor FROM ajwt_epoch').get() as { floor: number }).floor;
    const claim = async (time: number, now: number) =>
      Promise.resolve(store.claim(claimAt(time), now)).catch(() => 'unavailable');
    expect(await claim(NOW, NOW)).toBe('claimed');
    expect(await claim(NOW + 100, NOW + 100)).toBe('claimed');
    await expect.poll(floor).toBe(NOW);
    monotonic = 100;
    expect(await claim(NOW - 100, NOW - 100), 'the first step back').toBe('unavailable');
    monotonic = 101;
    expect(await claim(NOW + 101, NOW + 101), 'and forth').toBe('claimed');
    monotonic = 1000;
    expect(await claim(NOW + 1000, NOW + 1000)).toBe('claimed');
    expect(await claim(NOW + 1045, NOW + 1045)).toBe('claimed');
    await expect.poll(floor).toBe(NOW + 1000);
    monotonic = 1100;
    expect(await claim(NOW + 900, NOW + 900), 'the second step back').toBe('unavailable');
    expect(await claim(NOW + 1000, NOW + 985), 'a used token').not.toBe('claimed');
    expect(floor()).toBe(NOW + 1000);
    look.close();
  });

  test("does not let concurrent claims exceed a user's rate", async () => {
    const store = openStore(await makeFile(), { maxClaimsPerSecond: 10 });
    const outcomes = await Promise.all(
      Array.from({ length: 500 }, (_, index) => store.claim(claimAt(NOW, `n${index}`), NOW)),
    );
    expect(outcomes.filter((outcome) => outcome === 'claimed')).toHaveLength(10);
    expect(outcomes.filter((outcome) => outcome === 'rate_limited')).toHaveLength(490);
  });

  test('decides many concurrent claims independently of one another', async () => {
    await checkConcurrentClaims(openStore(await makeFile(), { afterLoss: 'accept', deadlineMs: 5000 }), 60);
  });

  test('sends concurrent claims in one statement, and repeated claims need no other statement', async () => {
    const database = new Kysely<unknown>({ dialect: nodeSqliteDialect(await makeFile()) });
    const statements: string[] = [];
    const counted: SqlDatabase = {
      isTransaction: false,
      getExecutor: () => database.getExecutor(),
      executeQuery(query) {
        statements.push(query.sql.trim().slice(0, 6));
        return database.executeQuery(query);
      },
    };
    const store = sqlNonceStore(counted);
    await store.open(NOW);
    statements.length = 0;
    const claims = Array.from({ length: 128 }, (_, index) => store.claim(claimAt(NOW, `n${index % 64}`), NOW));
    const outcomes = await Promise.all(claims);
    expect(outcomes.filter((outcome) => outcome === 'claimed')).toHaveLength(64);
    expect(outcomes.filter((outcome) => outcome === 'replayed')).toHaveLength(64);
    expect(statements.filter((statement) => statement !== 'UPDATE' && statement !== 'DELETE')).toEqual(['INSERT']);
    await store.close();
    await database.destroy();
  });

  test('accepts no earlier token in a new database', async () => {
    expect(await openStore(await makeFile()).claim(claimAt(NOW - 5), NOW - 5)).toBe('claimed');
    expect(await openStore(await makeFile()).claim(claimAt(NOW - 5), NOW)).toBe('forgotten');
  });

  test('while another process holds the lock, fails a claim after its deadline without blocking the event loop', async () => {
    const file = await makeFile();
    // The deadline is long enough for many turns of the event loop, even on a busy machine.
    const store = openStore(file, { deadlineMs: 1000 });
    await store.open(NOW);
    const other = new DatabaseSync(file);
    other.exec('BEGIN IMMEDIATE');
    let turns = 0;
    const counting = setInterval(() => turns++, 5);
    await expect(store.claim(claimAt(NOW), NOW)).rejects.toThrow('locked by another process');
    clearInterval(counting);
    expect(turns, 'turns of the event loop').toBeGreaterThan(5);
    expect(store.readiness(NOW)).toMatchObject({ ready: false });
    other.exec('ROLLBACK');
    expect(await store.claim(claimAt(NOW), NOW)).toBe('claimed');
    other.close();
  });

  test('waits for a lock that is released before the deadline', async () => {
    const file = await makeFile();
    const store = openStore(file, { deadlineMs: 5000 });
    await store.open(NOW);
    const other = new DatabaseSync(file);
    other.exec('BEGIN IMMEDIATE');
    setTimeout(() => other.exec('ROLLBACK'), 20);
    expect(await store.claim(claimAt(NOW), NOW)).toBe('claimed');
    other.close();
  });
});
