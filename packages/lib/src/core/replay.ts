/** Step 7: what the nonce store's word means for the token. */
import type { ClaimOutcome } from './contracts.ts';
import { Refusal } from './reasons.ts';
import { outsideWindow } from './time.ts';
import type { BoundToken, ClaimedToken } from './trust.ts';

/**
 * @param outcome - what the store said of this token's nonce
 * @param now - seconds since the epoch, read after the store answered: a record is kept hardly longer than the window is open,
 *   so a window that closed meanwhile is closed
 */
export function checkClaim<User>(
  token: BoundToken<User>,
  outcome: ClaimOutcome,
  now: number,
  tolerance: number,
): ClaimedToken<User> | Refusal {
  if (outcome !== 'claimed') return new Refusal(outcome);
  const outside = outsideWindow(token.claims.time, now, tolerance);
  return outside === undefined ? (token as unknown as ClaimedToken<User>) : new Refusal(outside);
}
