/** Options of an SQL nonce store. */
import { numberOption } from '../../core/options.ts';
import { readCommonOptions } from '../shared/common-options.ts';
import type { SqlNonceDialect } from './dialect.ts';
import { machineLife } from './machine-life.ts';

/** Options of an SQL nonce store. */
export interface SqlNonceStoreOptions {
  /** The authenticator's tolerance T, in seconds: 1 to 600, default 20. */
  readonly tolerance?: number;
  /**
   * Clock margin M, in seconds: how much longer records are kept than a token is valid. 1 to 600, default 20; for a database server
   * at least 4. A process whose clock is more than M/2 − 1 (by default 9) from the server's is refused.
   */
  readonly clockMargin?: number;
  /** Claims that one user may make in a second, in each process; default 2000. */
  readonly maxClaimsPerSecond?: number;
  /** Milliseconds that a claim may take, including the time that it waits for other processes; 20 to 5000, default 150. */
  readonly deadlineMs?: number;
  /**
   * What to do if claims may be lost: after a crash of the machine (SQLite), after a restart or a failover (PostgreSQL, MySQL), and
   * if the tables are new, because others may have existed before.
   *
   * - `fresh` (default): refuse tokens from before the loss was noticed, and serve from the next second on. Remaining risk: a token
   *   dated ahead whose claim is lost works once more.
   * - `quarantine`: serve nothing for T + M/2 − 1 (by default 29 s), until no token from before can be fresh. No risk remains.
   * - `accept`: refuse nothing. A token whose claim is lost works once more.
   */
  readonly afterLoss?: 'fresh' | 'quarantine' | 'accept';
  /**
   * SQLite only: identifies the current life of the machine. If it differs from the last one, claims may be lost. Default: the boot id
   * of the kernel; without one, an id of this process.
   */
  readonly incarnation?: string;
  /** Seconds that never go back; default the monotonic clock of the process. */
  readonly monotonic?: () => number;
}

/** With less, the time that a statement takes could hide a wrong clock. */
const MIN_CLOCK_MARGIN_OF_SERVERS = 4;

/** @throws TypeError for an option that is unknown or out of its range; the message names it */
export function readSqlOptions(options: SqlNonceStoreOptions, { local }: SqlNonceDialect) {
  const minClockMargin = local ? 1 : MIN_CLOCK_MARGIN_OF_SERVERS;
  const common = readCommonOptions(options, { deadlineMs: 'any', incarnation: 'text' }, minClockMargin);
  const { incarnation } = options;
  if (incarnation !== undefined && !local) {
    throw new TypeError('option incarnation: is for SQLite; this database reports its own');
  }
  // Records are kept for longer than 2T + 2s + 1 where all clocks are within s = M/2 − 1 seconds, which leaves one second.
  const gap = Math.max(0, common.clockMargin / 2 - 1);
  return {
    ...common,
    // No process is further ahead than the gap.
    rise: common.rise * (common.tolerance + gap),
    deadlineMs: numberOption('deadlineMs', options.deadlineMs, 150, 20, 5000, 'milliseconds'),
    gap,
    life: incarnation ?? machineLife(),
  };
}

/** Every time is in seconds; `gap` is the largest accepted difference between this clock and the database's. */
export type SqlSettings = ReturnType<typeof readSqlOptions>;
