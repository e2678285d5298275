/** What an SQL nonce store may be told. */
import { checkOptions, DEFAULT_TOLERANCE, MAX_TOLERANCE, numberOption, type OptionKinds } from '../../core/options.ts';
import { justBelow } from '../shared/just-below.ts';
import { machineLife } from '../shared/machine-life.ts';
import type { SqlNonceDialect } from './dialect.ts';

/** What an SQL nonce store may be told. */
export interface SqlNonceStoreOptions {
  /** The authenticator's tolerance T, in seconds; 1 to 600, default 20. */
  readonly tolerance?: number;
  /**
   * Clock margin M, in seconds: records are kept that much longer than a token is good; 1 to 600, default 20; for a database server
   * at least 4. A process whose clock lies more than M/2 − 1 (9 by default) from the server's is refused service.
   */
  readonly clockMargin?: number;
  /** Claims that one user may make in a second, in each process; default 2000. */
  readonly maxClaimsPerSecond?: number;
  /** Milliseconds after which a claim is `unavailable`, waiting for other processes included; 20 to 5000, default 150. */
  readonly deadlineMs?: number;
  /**
   * What to do where claims may be lost: after a crash of the machine (SQLite), a restart or a failover (PostgreSQL, MySQL), and where
   * the tables are new, as others may have been there.
   *
   * - `fresh` (default): refuse tokens from before the loss was noticed, and serve from the next second on. What remains: a token
   *   dated ahead, whose claim is lost.
   * - `quarantine`: serve nothing for T + M/2 − 1 (29 s by default), until no token from before can be fresh. Nothing remains.
   * - `accept`: refuse nothing. A token whose claim is lost works once more.
   */
  readonly afterLoss?: 'fresh' | 'quarantine' | 'accept';
  /**
   * SQLite alone: which life of the machine this is; another one than the last means that claims may be lost. Default: the kernel's
   * boot id; where there is none, an id of this process.
   */
  readonly incarnation?: string;
  /** Seconds that only ever go forward; default the process's monotonic clock. */
  readonly monotonic?: () => number;
}

const OPTIONS: OptionKinds<SqlNonceStoreOptions> = {
  tolerance: 'any',
  clockMargin: 'any',
  maxClaimsPerSecond: 'any',
  deadlineMs: 'any',
  afterLoss: 'any',
  incarnation: 'text',
  monotonic: 'function',
};

/** Below, the clock of a server could not be told from a wrong one for the time that a statement takes. */
const LEAST_MARGIN_OF_SERVERS = 4;

/** @throws TypeError for an option that is unknown or out of its range; the message names it */
export function readSqlOptions(options: SqlNonceStoreOptions, { local }: SqlNonceDialect) {
  checkOptions(options, OPTIONS);
  const { afterLoss = 'fresh', incarnation, monotonic = () => performance.now() / 1000 } = options;
  if (typeof afterLoss !== 'string' || !Object.hasOwn(AFTER_LOSS, afterLoss)) {
    throw new TypeError('option afterLoss: must be fresh, quarantine or accept');
  }
  if (incarnation !== undefined && !local) {
    throw new TypeError('option incarnation: is for SQLite; this database tells its own');
  }
  const leastMargin = local ? 1 : LEAST_MARGIN_OF_SERVERS;
  const tolerance = numberOption('tolerance', options.tolerance, DEFAULT_TOLERANCE, 1, MAX_TOLERANCE, 'seconds');
  const margin = numberOption(
    'clockMargin',
    options.clockMargin,
    DEFAULT_TOLERANCE,
    leastMargin,
    MAX_TOLERANCE,
    'seconds',
  );
  const perUser = numberOption('maxClaimsPerSecond', options.maxClaimsPerSecond, 2000, 1, 2 ** 31);
  const deadline = numberOption('deadlineMs', options.deadlineMs, 150, 20, 5000, 'milliseconds');
  // Records outlive 2T + 2s + 1 with s = M/2 − 1, and a second is left.
  const gap = Math.max(0, margin / 2 - 1);
  const life = incarnation ?? machineLife();
  return { tolerance, margin, perUser, deadline, gap, life, monotonic, loss: AFTER_LOSS[afterLoss](tolerance + gap) };
}

/** What a loss adds to the later of the clocks to make the floor, and where the floor of a new store lies to the second it was made in. */
interface Loss {
  readonly ahead: number;
  firstFloor(now: number): number;
}

const AFTER_LOSS: Readonly<Record<'fresh' | 'quarantine' | 'accept', (latest: number) => Loss>> = {
  fresh: () => ({ ahead: 0, firstFloor: (now) => justBelow(Math.floor(now)) }),
  // The latest time that any token could have had, as no process is further ahead than the gap.
  quarantine: (latest) => ({ ahead: latest, firstFloor: (now) => now + latest }),
  accept: () => ({ ahead: Number.MIN_SAFE_INTEGER, firstFloor: () => 0 }),
};
