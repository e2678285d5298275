/** Step 7: what the nonce store's answer means for the token. */
import { type ClaimOutcome, UnavailableError } from './contracts.ts';
import { Refusal } from './reasons.ts';
import { outsideWindow } from './time.ts';
import type { BoundToken, ClaimedToken } from './trust.ts';

const REFUSALS: readonly unknown[] = ['replayed', 'forgotten', 'rate_limited'] satisfies ClaimOutcome[];

/**
 * @param outcome - what the store said of this token's nonce
 * @param now - seconds since the epoch, read after the store answered: a record is kept hardly longer than the window is open,
 *   so a window that closed meanwhile is closed
 * @throws UnavailableError for an answer that is no outcome
 */
export function checkClaim<User>(
  token: BoundToken<User>,
  outcome: ClaimOutcome,
  now: number,
  tolerance: number,
): ClaimedToken<User> | Refusal {
  if (outcome !== 'claimed') {
    if (REFUSALS.includes(outcome)) return new Refusal(outcome);
    throw new UnavailableError(
      "the nonce store's claim() gave no outcome; return 'claimed', 'replayed' or another one",
    );
  }
  const outside = outsideWindow(token.claims.time, now, tolerance);
  return outside === undefined ? (token as unknown as ClaimedToken<User>) : new Refusal(outside);
}
