/** How long a database is waited for. */

/** Whoever opens a database: a server, which must answer in time, or a command, which can wait for others. */
export type Opener = 'server' | 'command';

export interface PoolLimits {
  /** Milliseconds until a connection must be there. */
  readonly connect: number;
  /** Milliseconds until a statement must be answered. */
  readonly answer: number;
}

export const POOL_LIMITS: Readonly<Record<Opener, PoolLimits>> = {
  server: { connect: 2000, answer: 2000 },
  command: { connect: 10_000, answer: 600_000 },
};

/** Milliseconds that a statement waits for another process's lock in SQLite, holding up the whole process. */
export const SQLITE_WAIT: Readonly<Record<Opener, number>> = { server: 0, command: 5000 };
