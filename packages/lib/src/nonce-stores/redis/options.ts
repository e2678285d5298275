/** Options of a Redis nonce store. */
import { checkOptions, clockOption, numberOption } from '../../core/options.ts';
import { readCommonOptions } from '../shared/common-options.ts';
import { MAX_CLAIMS_PER_SECOND } from './scripts.ts';

/** Options of a Redis nonce store. Processes that share a prefix need the same ones, except for `deadlineMs`. */
export interface RedisNonceStoreOptions {
  /** The authenticator's tolerance T, in seconds: 1 to 600, default 20. */
  readonly tolerance?: number;
  /** Clock margin M, in seconds: how much longer records are kept than a token is valid. 3 to 600, default 20. */
  readonly clockMargin?: number;
  /**
   * What to do if claims may be lost.
   *
   * - `fresh` (default): refuse tokens from before the loss was noticed. Remaining risk: a token that was used before, and is dated
   *   after that moment, works once more.
   * - `quarantine`: serve nothing for up to T + M. No risk remains.
   * - `accept`: refuse nothing. A token that was used before works once more.
   */
  readonly afterLoss?: 'fresh' | 'quarantine' | 'accept';
  /** Claims that one user may make in a second, in all processes together; default 2000. */
  readonly maxClaimsPerSecond?: number;
  /** The prefix of the 1024 keys; default `ajwt:nonces:`. All processes of a service share it. */
  readonly prefix?: string;
  /** Milliseconds that a claim may take: 10 to 10 000, default 150. */
  readonly deadlineMs?: number;
  /**
   * How many replicas must have a claim before it counts (Redis's `WAIT`), and for how many milliseconds to wait for them: 1 to
   * `deadlineMs`, default 100. If fewer have it by then, the claim is `unavailable`. Redis promotes a replica that has the claim only
   * if all have it, or if the most recent one is promoted.
   */
  readonly wait?: { readonly replicas: number; readonly timeoutMs?: number };
  /** Seconds since the epoch; default the wall clock. */
  readonly now?: () => number;
  /** Seconds that never go back; default the monotonic clock of the process. */
  readonly monotonic?: () => number;
}

/** The options that only this store has. */
const OWN = { prefix: 'text', deadlineMs: 'any', wait: 'object', now: 'function' } as const;

/** @throws TypeError for an option that is unknown or out of its range; the message names it */
export function readOptions(options: RedisNonceStoreOptions) {
  const common = readCommonOptions(options, OWN, 3, MAX_CLAIMS_PER_SECOND);
  const { prefix = 'ajwt:nonces:' } = options;
  const deadlineMs = numberOption('deadlineMs', options.deadlineMs, 150, 10, 10_000, 'milliseconds');
  // Clocks within s seconds of the true time are safe, with M = 2s + 1.
  const gap = Math.min(9, (common.clockMargin - 1) / 2);
  return {
    ...common,
    /** The latest time that a token can have, by the fastest clock against the slowest. */
    rise: common.rise * (common.tolerance + 2 * gap),
    gap,
    prefix,
    deadlineMs,
    wait: readWait(options.wait, deadlineMs),
    now: clockOption(options.now),
  };
}

function readWait(wait: RedisNonceStoreOptions['wait'], deadlineMs: number) {
  if (wait === undefined) return undefined;
  checkOptions(wait, { replicas: 'any', timeoutMs: 'any' });
  const defaultMs = Math.min(100, deadlineMs);
  return {
    replicas: numberOption('wait.replicas', wait.replicas, 1, 1, 1000),
    timeoutMs: numberOption('wait.timeoutMs', wait.timeoutMs, defaultMs, 1, deadlineMs, 'milliseconds'),
  };
}
