/** Opens SQL nonce stores on a server that the tests start. */
import type { Kysely } from 'kysely';
import { expect } from 'vitest';
import type { NonceStore } from '../../lib/src/index.ts';
import { type SqlDatabase, type SqlNonceStore, type SqlNonceStoreOptions, sqlNonceStore } from '../../lib/src/sql.ts';
import { type Address, ask, openDatabase } from './databases.ts';

/** A database server that the tests start. */
export interface Server {
  readonly address: Address;
  crash(): Promise<void>;
  restart(): Promise<void>;
  remove(): Promise<void>;
}

const TABLES = ['ajwt_nonce', 'ajwt_epoch', 'ajwt_life'];

export const now = (): number => Date.now() / 1000;
/** Returns a claim. Its default time is in the future, so that it is above a floor that was set in this second. */
export const claimAt = (time = Math.floor(now()) + 5, nonce = crypto.randomUUID() as string, username = 'alice') => ({
  username,
  time,
  nonce,
});
export const outcomeOf = (store: NonceStore, claim: ReturnType<typeof claimAt>, at = now()) =>
  Promise.resolve(store.claim(claim, at)).catch((error: Error) => error.message);

/** Opens stores on a server, each with its own Kysely instance, and closes them after each test. */
export class Stores {
  readonly #databases: Kysely<unknown>[] = [];
  readonly #stores: SqlNonceStore[] = [];
  server!: Server;

  database(address: Address = this.server.address, connections?: number): Kysely<unknown> {
    const database = openDatabase(address, connections);
    this.#databases.push(database);
    return database;
  }

  /** Makes a store that is not open yet. */
  make(options: SqlNonceStoreOptions = {}, database: SqlDatabase = this.database()): SqlNonceStore {
    const store = sqlNonceStore(database, options);
    this.#stores.push(store);
    return store;
  }

  async store(options: SqlNonceStoreOptions = {}, database: SqlDatabase = this.database()): Promise<SqlNonceStore> {
    const store = this.make(options, database);
    await store.open(now());
    return store;
  }

  async empty(): Promise<void> {
    const database = this.database();
    for (const table of TABLES) await ask(database, `DROP TABLE IF EXISTS ${table}`);
  }

  async close(): Promise<void> {
    for (const store of this.#stores.splice(0)) await store.close();
    for (const database of this.#databases.splice(0)) await database.destroy();
  }
}

/** Checks that exactly one of twenty concurrent claims at two stores succeeds. */
export async function giveOnce(stores: Stores): Promise<void> {
  const both = [await stores.store({ deadlineMs: 5000 }), await stores.store({ deadlineMs: 5000 })];
  for (let round = 0; round < 5; round++) {
    const claim = claimAt();
    const callers = Array.from({ length: 20 }, (_, index) => outcomeOf(both[index % 2] as NonceStore, claim));
    const outcomes = await Promise.all(callers);
    expect(outcomes.filter((outcome) => outcome === 'claimed')).toHaveLength(1);
  }
}
