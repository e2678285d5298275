/** Checks the times of a claim before it joins a group: in some databases, a value such as NaN would make the whole group fail. */
import { UnavailableError } from '../../core/contracts.ts';

/**
 * @param time - the claimed time, in seconds
 * @param now - the caller's clock, in seconds
 * @throws UnavailableError unless both are finite numbers
 */
export function checkTimes(time: number, now: number): void {
  if (Number.isFinite(time) && Number.isFinite(now)) return;
  throw new UnavailableError('a claim needs two times in seconds, of the token and of this machine; check the clock');
}
