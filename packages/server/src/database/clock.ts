/** Reads the clock of the database server. */
import { type Kysely, sql } from 'kysely';
import type { DatabaseConfig } from './config.ts';

/** Queries for seconds since the epoch. SQLite uses the clock of this machine. */
const QUERIES = {
  postgres: sql<{ now: number | string }>`SELECT extract(epoch FROM clock_timestamp()) AS now`,
  mysql: sql<{ now: number | string }>`SELECT unix_timestamp(sysdate(6)) AS now`,
} as const;

/** Returns a function that reads the server's clock, in seconds since the epoch; `undefined` for SQLite. */
export function databaseClock(kind: DatabaseConfig['kind'], db: Kysely<unknown>): (() => Promise<number>) | undefined {
  if (kind === 'sqlite') return undefined;
  const query = QUERIES[kind];
  return async () => Number((await query.execute(db)).rows[0]?.now);
}
