/** Step 5: the token was signed within the tolerance of now, and the registered time claims hold (RFC 7519 §4.1.4–4.1.6). */
import { type Reason, Refusal } from './reasons.ts';
import type { FreshToken, SignedToken } from './trust.ts';

/**
 * @param now - seconds since the epoch
 * @param tolerance - seconds that the claimed time may lie away from now, on either side, itself included
 */
export function checkTime<User>(token: SignedToken<User>, now: number, tolerance: number): FreshToken<User> | Refusal {
  const { time, exp, nbf, iat } = token.claims;
  const outside = outsideWindow(time, now, tolerance);
  if (outside !== undefined) return new Refusal(outside);
  if (exp !== undefined && exp <= now - tolerance) return new Refusal('expired');
  if (nbf !== undefined && nbf > now + tolerance) return new Refusal('from_the_future');
  if (iat !== undefined && iat > now + tolerance) return new Refusal('from_the_future');
  return token as unknown as FreshToken<User>;
}

/** Why a claimed time lies outside the closed window around now, or `undefined`. A clock that is no number is outside too. */
export function outsideWindow(time: number, now: number, tolerance: number): Reason | undefined {
  if (time < now - tolerance) return 'stale';
  if (time > now + tolerance) return 'from_the_future';
  return now >= 0 ? undefined : 'unavailable';
}
