/** Defines the error for an id that must not be accepted. */
import { CodedError } from '../core/coded-error.ts';

/**
 * Why an id is refused:
 *
 * - `replayed`: the id was used before
 * - `stale`, `from_the_future`: the time of issue is too far from the clock
 * - `forgotten`: the nonce store may have lost the records of that time
 * - `rate_limited`: the issuer uses too many ids
 * - `malformed`: the issuer, the id or the time of issue is not valid
 */
export type SingleUseErrorCode = 'replayed' | 'stale' | 'from_the_future' | 'forgotten' | 'rate_limited' | 'malformed';

/**
 * Thrown by the function that `singleUse` returns, if the caller must refuse a request. The message never contains the id.
 *
 * @example
 * ```ts
 * import { memoryNonceStore, SingleUseError, singleUse } from 'asymmetric-jwt-auth';
 *
 * const useOnce = singleUse(memoryNonceStore());
 * try {
 *   await useOnce({ issuer: 'acme', id: 'msg_1', issuedAt: Date.now() });
 * } catch (error) {
 *   if (!(error instanceof SingleUseError)) throw error;
 *   console.log(error.code, error.message); // malformed issuedAt must be in seconds since the epoch, not in milliseconds; divide by 1000
 * }
 * ```
 */
export class SingleUseError extends CodedError<SingleUseErrorCode> {
  override readonly name = 'SingleUseError';
}
