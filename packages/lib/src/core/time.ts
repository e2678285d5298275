/** Step 5: checks that the token was signed just now, and checks exp, nbf and iat (RFC 7519 §4.1.4–4.1.6). */
import { type Reason, Refusal } from './reasons.ts';
import type { FreshToken, SignedToken } from './trust.ts';

/**
 * Checks the time claims of a token.
 *
 * @param now - seconds since the epoch
 * @param tolerance - by how many seconds the `time` claim may differ from `now`, inclusive
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

/** Why a time is refused. */
type OutsideWindow = Extract<Reason, 'stale' | 'from_the_future' | 'unavailable'>;

/** Returns why a `time` claim is refused, or `undefined` if it is close enough to `now`. If `now` is NaN, the reason is `unavailable`. */
export function outsideWindow(time: number, now: number, tolerance: number): OutsideWindow | undefined {
  if (time < now - tolerance) return 'stale';
  if (time > now + tolerance) return 'from_the_future';
  return now >= 0 ? undefined : 'unavailable';
}
