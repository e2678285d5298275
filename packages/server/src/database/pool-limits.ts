/** How long to wait for a database. */

/** The kind of program that opens a database: a server, which must respond soon, or a command, which can wait for other processes. */
export type Opener = 'server' | 'command';

export interface PoolLimits {
  /** Milliseconds to wait for a connection. */
  readonly connectMs: number;
  /** Milliseconds to wait for the result of a statement. */
  readonly statementMs: number;
}

export const POOL_LIMITS: Readonly<Record<Opener, PoolLimits>> = {
  server: { connectMs: 2000, statementMs: 2000 },
  command: { connectMs: 10_000, statementMs: 600_000 },
};

/** Milliseconds that an SQLite statement waits for another process to release its lock. The wait blocks this process. */
export const SQLITE_WAIT_MS: Readonly<Record<Opener, number>> = { server: 0, command: 5000 };
