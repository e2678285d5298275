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
   * Clock margin M, in seconds: how long a record is kept after its token has expired. 1 to 600, default 20; at least 4 for a database
   * server. The store is unavailable if the clocks of the process and the server differ by more than M/2 − 1 seconds (9 by default).
   */
  readonly clockMargin?: number;
  /** Maximum number of claims that one user may make per second in each process; default 2000. */
  readonly maxClaimsPerSecond?: number;
  /** Time limit for a claim, in milliseconds, including waits for other processes: 20 to 5000, default 150. */
  readonly deadlineMs?: number;
  /**
   * What to do if claims may be lost: after a crash of the machine (SQLite), after a restart or a failover (PostgreSQL, MySQL), and if the
   * tables are new, because they may replace earlier ones.
   *
   * - `fresh` (default): refuse tokens dated before the store noticed the loss, and serve again from the next second. Remaining risk: a
   *   token works once more if its claim is lost and it is dated after that moment.
   * - `quarantine`: be unavailable for T + M/2 − 1 seconds (29 by default), until all earlier tokens have expired. No risk remains.
   * - `accept`: refuse no token. A token whose claim is lost works once more.
   */
  readonly afterLoss?: 'fresh' | 'quarantine' | 'accept';
  /**
   * SQLite only: identifies the current boot of the machine. If it differs from the recorded one, claims may be lost. Default: the boot id
   * of the kernel, or an id of this process if there is none.
   */
  readonly incarnation?: string;
  /** Returns the seconds of a clock that never goes back. Default: the monotonic clock of the process. */
  readonly monotonic?: () => number;
}

/** In seconds. With less, the time that a statement takes could hide a wrong clock. */
const MIN_CLOCK_MARGIN_OF_SERVERS = 4;

/** @throws TypeError for an option that is unknown or out of its range; the message names it */
export function readSqlOptions(options: SqlNonceStoreOptions, { local }: SqlNonceDialect) {
  const minClockMargin = local ? 1 : MIN_CLOCK_MARGIN_OF_SERVERS;
  const common = readCommonOptions(options, { deadlineMs: 'any', incarnation: 'text' }, minClockMargin);
  const { incarnation } = options;
  if (incarnation !== undefined && !local) {
    throw new TypeError('option incarnation: is for SQLite; this database reports its own');
  }
  // If all clocks are within s seconds of the true time, records must be kept for 2T + 2s + 1 (spec/PROTOCOL.md, rule 6). Records are kept
  // for 2T + M, so s = M/2 − 1 leaves one second to spare.
  const gap = Math.max(0, common.clockMargin / 2 - 1);
  return {
    ...common,
    // No clock is further ahead of the database's clock than the gap.
    rise: common.rise * (common.tolerance + gap),
    deadlineMs: numberOption('deadlineMs', options.deadlineMs, 150, 20, 5000, 'milliseconds'),
    gap,
    life: incarnation ?? machineLife(),
  };
}

/** Times are in seconds, except `deadlineMs`. `gap` is the largest accepted difference between this clock and the database's. */
export type SqlSettings = ReturnType<typeof readSqlOptions>;
