/** Stores that break the replay rule on purpose. The suite must detect them. */
import { DatabaseSync } from 'node:sqlite';
import type { NonceStore } from 'asymmetric-jwt-auth';
import type { Redis } from 'ioredis';

const READY = { ready: true } as const;

/** Makes a store that checks first and writes later, like the Python package. */
export function checkThenRecord(file: string, { tolerance }: { readonly tolerance: number }): NonceStore {
  const database = new DatabaseSync(file, { timeout: 1000 });
  database.exec('PRAGMA journal_mode = WAL; CREATE TABLE IF NOT EXISTS used (nonce TEXT PRIMARY KEY)');
  const look = database.prepare('SELECT 1 FROM used WHERE nonce = ?');
  const write = database.prepare('INSERT OR IGNORE INTO used (nonce) VALUES (?)');
  return {
    tolerance,
    open() {},
    readiness: () => READY,
    async claim({ username, time, nonce }) {
      const key = `${username} ${time} ${nonce}`;
      if (look.get(key) !== undefined) return 'replayed';
      await new Promise(setImmediate);
      write.run(key);
      return 'claimed';
    },
  };
}

/** Makes a store that claims in one atomic step, but does not notice a loss of data. */
export function withoutEpoch(
  client: Redis,
  { tolerance, clockMargin }: { readonly tolerance: number; readonly clockMargin: number },
): NonceStore {
  return {
    tolerance,
    open() {},
    readiness: () => READY,
    async claim({ username, time, nonce }) {
      const key = `${username} ${time} ${nonce}`;
      const set = await client.set(key, '', 'EX', Math.ceil(2 * tolerance + clockMargin), 'NX');
      return set === null ? 'replayed' : 'claimed';
    },
  };
}
