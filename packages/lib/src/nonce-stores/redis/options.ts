/** What a Redis nonce store may be told, and what follows from it. */
import {
  checkOptions,
  clockOption,
  DEFAULT_TOLERANCE,
  MAX_TOLERANCE,
  numberOption,
  type OptionKinds,
} from '../../core/options.ts';
import { MOST_A_SECOND } from './scripts.ts';

/** Processes that share a prefix are told the same, but for the deadline. */
export interface RedisNonceStoreOptions {
  /** The authenticator's tolerance T, in seconds; 1 to 600, default 20. */
  readonly tolerance?: number;
  /** Clock margin M, in seconds: records are kept that much longer than a token is good; 3 to 600, default 20. */
  readonly clockMargin?: number;
  /**
   * What to do where claims may be lost.
   *
   * - `fresh` (default): refuse tokens from before the moment in which the loss was noticed. What remains: a token dated ahead of
   *   it, and used before.
   * - `quarantine`: serve nothing for T + M at most. Nothing remains.
   * - `accept`: refuse nothing. A token that was used before works once more.
   */
  readonly afterLoss?: 'fresh' | 'quarantine' | 'accept';
  /** Claims that one user may make in a second, in all processes together; default 2000. */
  readonly maxClaimsPerSecond?: number;
  /** What the names of the 1024 keys begin with; default `ajwt:nonces:`. The processes of one service share it. */
  readonly prefix?: string;
  /** Milliseconds that a claim may take; then it is `unavailable`. 10 to 10 000, default 150. */
  readonly deadlineMs?: number;
  /**
   * Replicas that must have a claim before it counts (Redis's `WAIT`), within `timeout` milliseconds; default 100. Where they have
   * not, the claim is `unavailable`. Redis promotes a replica that has the claim only if all have it, or the latest is chosen.
   */
  readonly wait?: { readonly replicas: number; readonly timeout?: number };
  /** Seconds since the epoch; default the wall clock. */
  readonly now?: () => number;
  /** Seconds that only ever go forward; default the process's monotonic clock. */
  readonly monotonic?: () => number;
}

const OPTIONS: OptionKinds<RedisNonceStoreOptions> = {
  tolerance: 'any',
  clockMargin: 'any',
  afterLoss: 'any',
  maxClaimsPerSecond: 'any',
  prefix: 'text',
  deadlineMs: 'any',
  wait: 'object',
  now: 'function',
  monotonic: 'function',
};

/** How far H rises above the clocks, in seconds, as the scripts take it; empty = it does not rise. */
const RISE: Readonly<Record<'fresh' | 'quarantine' | 'accept', (tolerance: number, gap: number) => string>> = {
  fresh: () => '0',
  // The latest time that any token could have had, by the fastest clock against the slowest.
  quarantine: (tolerance, gap) => String(tolerance + 2 * gap),
  accept: () => '',
};

/** @throws TypeError for an option that is unknown or out of its range; the message names it */
export function readOptions(options: RedisNonceStoreOptions) {
  checkOptions(options, OPTIONS);
  const { afterLoss = 'fresh', prefix = 'ajwt:nonces:' } = options;
  const { monotonic = () => performance.now() / 1000 } = options;
  if (typeof afterLoss !== 'string' || !Object.hasOwn(RISE, afterLoss)) {
    throw new TypeError('option afterLoss: must be fresh, quarantine or accept');
  }
  const tolerance = numberOption('tolerance', options.tolerance, DEFAULT_TOLERANCE, 1, MAX_TOLERANCE, 'seconds');
  const margin = numberOption('clockMargin', options.clockMargin, DEFAULT_TOLERANCE, 3, MAX_TOLERANCE, 'seconds');
  const deadline = numberOption('deadlineMs', options.deadlineMs, 150, 10, 10_000, 'milliseconds');
  // Safe are clocks that lie up to s from the true time, with M = 2s + 1.
  const gap = Math.min(9, (margin - 1) / 2);
  return {
    tolerance,
    margin,
    gap,
    quarantine: afterLoss === 'quarantine',
    rise: RISE[afterLoss](tolerance, gap),
    perUser: numberOption('maxClaimsPerSecond', options.maxClaimsPerSecond, 2000, 1, MOST_A_SECOND),
    prefix,
    deadline,
    wait: readWait(options.wait, deadline),
    now: clockOption(options.now),
    monotonic,
  };
}

function readWait(wait: RedisNonceStoreOptions['wait'], deadline: number) {
  if (wait === undefined) return undefined;
  checkOptions(wait, { replicas: 'any', timeout: 'any' });
  return {
    replicas: numberOption('wait.replicas', wait.replicas, 1, 1, 1000),
    timeout: numberOption('wait.timeout', wait.timeout, Math.min(100, deadline), 1, deadline, 'milliseconds'),
  };
}
