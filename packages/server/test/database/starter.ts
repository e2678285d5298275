/** A separate process that opens databases like `ajwtd serve` does when it starts. */
import { sqlNonceStore } from 'asymmetric-jwt-auth/sql';
import { readDatabase } from '../../src/database/config.ts';
import { openDatabase } from '../../src/database/open.ts';

/** The database to open, and how many times to open it concurrently. */
export interface Start {
  readonly url: string;
  readonly times: number;
}

/** The result of each start: whether it created the tables, or the error message if it failed. */
export type Started = readonly (boolean | string)[];

const now = () => Date.now() / 1000;

async function start(url: string): Promise<boolean | string> {
  try {
    const database = await openDatabase(readDatabase(url), 'server');
    try {
      await database.directory.getUser('nobody').catch((error) => {
        if (error.code !== 'unknown_user') throw error;
      });
      await sqlNonceStore(database.connect(1)).open(now());
      return database.created;
    } finally {
      await database.close();
    }
  } catch (error) {
    return String((error as Error).message);
  }
}

process.on('message', async ({ url, times }: Start) => {
  process.send?.(await Promise.all(Array.from({ length: times }, () => start(url))));
});
process.on('disconnect', () => process.exit());
process.send?.('ready');
