import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDatabase } from 'ajwt-testkit/databases';
import { describe, expect, test } from 'vitest';
import { memoryNonceStore, type NonceStore } from '../../src/index.ts';
import { type SqlNonceStoreOptions, sqlNonceStore } from '../../src/sql.ts';
import { checkInterleavings, type Interleaved } from './interleavings.ts';
import { claimsOver, statementsOver, type Wire } from './redis/wire.ts';

const MEMORY: Interleaved = {
  name: 'memoryNonceStore',
  runs: 300,
  async make() {
    const store = memoryNonceStore({ afterLoss: 'accept' });
    return { join: (wire) => claimsOver(wire, store), end: async () => {} };
  },
};

const SQLITE: Interleaved = {
  name: 'sqlNonceStore on SQLite',
  runs: 120,
  async make() {
    const folder = await mkdtemp(join(tmpdir(), 'ajwt-interleavings-'));
    const databases: ReturnType<typeof openDatabase>[] = [];
    function open(wire: Wire, options: SqlNonceStoreOptions = {}): NonceStore {
      const database = openDatabase({ kind: 'sqlite', file: join(folder, 'nonces.db') });
      databases.push(database);
      return sqlNonceStore(statementsOver(wire, database), { afterLoss: 'accept', deadlineMs: 5000, ...options });
    }
    return {
      join: open,
      joinAnotherLife: (wire) => open(wire, { incarnation: 'another', afterLoss: 'fresh' }),
      async end() {
        for (const database of databases) await database.destroy();
        await rm(folder, { recursive: true });
      },
    };
  },
};

describe.each([MEMORY, SQLITE])('$name accepts a token once', (store) => {
  test('if calls and replies arrive in any order', () =>
    checkInterleavings(store, { lostConnections: false, anotherLife: false }));

  test('if connections are lost before or after a call', () =>
    checkInterleavings(store, { lostConnections: true, anotherLife: false }));
});

test('sqlNonceStore on SQLite accepts a token once while a store that opens after a restart raises the floor', () =>
  checkInterleavings(SQLITE, { lostConnections: true, anotherLife: true }));

describe('these tests find a store that', () => {
  /** Makes a store that keeps its nonces in a set, and claims them with the given function. */
  const faulty = (claim: (wire: Wire, seen: Set<string>, key: string) => Promise<boolean>): Interleaved => ({
    name: '',
    runs: 200,
    async make() {
      const seen = new Set<string>();
      const join = (wire: Wire): NonceStore => ({
        tolerance: 20,
        open() {},
        readiness: () => ({ ready: true }),
        claim: async ({ time }) => ((await claim(wire, seen, String(time))) ? 'claimed' : 'replayed'),
      });
      return { join, end: async () => {} };
    },
  });
  const add = async (seen: Set<string>, key: string) => seen.size < seen.add(key).size;

  test('checks first and writes later', async () => {
    const store = faulty(async (wire, seen, key) => {
      const known = await wire.carry('a look', async () => seen.has(key));
      await wire.carry('a write', async () => seen.add(key));
      return !known;
    });
    const checked = checkInterleavings(store, { lostConnections: false, anotherLife: false });
    await expect(checked).rejects.toThrow(/Property failed[\s\S]*seed/);
  });

  test('treats a lost reply as a success', async () => {
    const store = faulty((wire, seen, key) => wire.carry('a claim', () => add(seen, key)).catch(() => true));
    const checked = checkInterleavings(store, { lostConnections: true, anotherLife: false });
    await expect(checked).rejects.toThrow(/Property failed[\s\S]*seed/);
  });
});
