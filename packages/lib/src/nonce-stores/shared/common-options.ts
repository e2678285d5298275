/** Reads the options that all nonce stores have. Each store documents them itself, because limits and consequences differ. */
import { checkOptions, DEFAULT_TOLERANCE, MAX_TOLERANCE, numberOption, type OptionKinds } from '../../core/options.ts';

/** How far the floor rises above the clock if nonces may be lost. With 1, it rises as far as a token can be dated into the future. */
const RISE = { fresh: 0, quarantine: 1, accept: Number.NEGATIVE_INFINITY } as const;

interface CommonOptions {
  /** T, in seconds. */
  readonly tolerance?: number;
  /** M, in seconds. */
  readonly clockMargin?: number;
  readonly afterLoss?: keyof typeof RISE;
  readonly maxClaimsPerSecond?: number;
  /** Returns the seconds of a clock that never goes back. */
  readonly monotonic?: () => number;
}

const COMMON: OptionKinds<CommonOptions> = {
  tolerance: 'any',
  clockMargin: 'any',
  afterLoss: 'any',
  maxClaimsPerSecond: 'any',
  monotonic: 'function',
};

/**
 * Checks all options of a store, and reads the common ones.
 *
 * @param own - the other options of the store
 * @param minClockMargin - the smallest accepted `clockMargin`, in seconds
 * @returns the common options or their defaults; `rise`, a factor from `RISE`, replaces `afterLoss`
 * @throws TypeError for an option that is unknown or out of its range; the message names it
 */
export function readCommonOptions<Options extends CommonOptions>(
  options: Options,
  own: OptionKinds<Omit<Options, keyof CommonOptions>>,
  minClockMargin: number,
  maxClaims = 2 ** 31,
) {
  checkOptions(options, { ...COMMON, ...own } as OptionKinds<Options>);
  const { afterLoss = 'fresh', monotonic = () => performance.now() / 1000 } = options;
  if (!Object.hasOwn(RISE, afterLoss)) throw new TypeError('option afterLoss: must be fresh, quarantine or accept');
  return {
    tolerance: numberOption('tolerance', options.tolerance, DEFAULT_TOLERANCE, 1, MAX_TOLERANCE, 'seconds'),
    clockMargin: numberOption(
      'clockMargin',
      options.clockMargin,
      DEFAULT_TOLERANCE,
      minClockMargin,
      MAX_TOLERANCE,
      'seconds',
    ),
    maxClaimsPerSecond: numberOption('maxClaimsPerSecond', options.maxClaimsPerSecond, 2000, 1, maxClaims),
    rise: RISE[afterLoss],
    monotonic,
  };
}
