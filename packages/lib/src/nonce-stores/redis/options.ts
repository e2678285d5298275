/** Options of a Redis nonce store. */
import { checkOptions, clockOption, numberOption } from '../../core/options.ts';
import { readCommonOptions } from '../shared/common-options.ts';
import { MAX_CLAIMS_PER_SECOND } from './scripts.ts';

/** Options of a Redis nonce store. Processes that share a prefix must have the same options, except `deadlineMs`. */
export interface RedisNonceStoreOptions {
  /** The authenticator's tolerance T, in seconds: 1 to 600, default 20. */
  readonly tolerance?: number;
  /** Clock margin M, in seconds: how long a record is kept after its token has expired. 3 to 600, default 20. */
  readonly clockMargin?: number;
  /**
   * What to do if claims may be lost.
   *
   * - `fresh` (default): refuse tokens dated before the store noticed the loss. Remaining risk: a token that was used before the loss, and
   *   is dated after the store noticed it, works once more.
   * - `quarantine`: be unavailable for up to T + M seconds. No risk remains.
   * - `accept`: refuse no token. A token that was used before the loss works once more.
   */
  readonly afterLoss?: 'fresh' | 'quarantine' | 'accept';
  /** Maximum number of claims that one user may make per second, counted over all processes; default 2000. */
  readonly maxClaimsPerSecond?: number;
  /** The prefix of the store's 1024 keys in Redis; default `ajwt:nonces:`. All processes of a service must use the same prefix. */
  readonly prefix?: string;
  /** Time limit for a claim, in milliseconds: 10 to 10 000, default 150. */
  readonly deadlineMs?: number;
  /**
   * `replicas` is the number of replicas that must have a claim before it counts (Redis's `WAIT`). `timeoutMs` limits how long to wait for
   * them, in milliseconds: 1 to `deadlineMs`, default 100. If fewer replicas have the claim by then, the result is `unavailable`. A failover keeps
   * the claim only if every replica has it, or if Redis promotes the most up-to-date replica.
   */
  readonly wait?: { readonly replicas: number; readonly timeoutMs?: number };
  /** Returns seconds since the epoch. Default: the wall clock. */
  readonly now?: () => number;
  /** Returns the seconds of a clock that never goes back. Default: the monotonic clock of the process. */
  readonly monotonic?: () => number;
}

/** The options that only this store has. */
const OWN = { prefix: 'text', deadlineMs: 'any', wait: 'object', now: 'function' } as const;

/** @throws TypeError for an option that is unknown or out of its range; the message names it */
export function readOptions(options: RedisNonceStoreOptions) {
  const common = readCommonOptions(options, OWN, 3, MAX_CLAIMS_PER_SECOND);
  const { prefix = 'ajwt:nonces:' } = options;
  const deadlineMs = numberOption('deadlineMs', options.deadlineMs, 150, 10, 10_000, 'milliseconds');
  // With M = 2s + 1, clocks may differ from the true time by up to s seconds (spec/PROTOCOL.md, rule 6).
  const gap = Math.min(9, (common.clockMargin - 1) / 2);
  return {
    ...common,
    /**
     * Seconds by which a loss raises H above the clocks. A token can be dated T + 2 × gap ahead of the slowest clock, and no further.
     */
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
