/** Step 7: checks the outcome of the claim. */
import { type ClaimOutcome, UnavailableError } from './contracts.ts';
import { Refusal } from './reasons.ts';
import { outsideWindow } from './time.ts';
import type { BoundToken, ClaimedToken } from './trust.ts';

const REFUSALS: readonly unknown[] = ['replayed', 'forgotten', 'rate_limited'] satisfies ClaimOutcome[];

/**
 * Returns the token if its nonce was claimed, and a refusal otherwise.
 *
 * @param outcome - from the nonce store
 * @param now - seconds since the epoch, read after the store responded. A token that has become too old in the meantime is refused, because
 *   the store may already have deleted its record
 * @param tolerance - in seconds
 * @throws UnavailableError for an unknown outcome
 */
export function checkClaim<User>(
  token: BoundToken<User>,
  outcome: ClaimOutcome,
  now: number,
  tolerance: number,
): ClaimedToken<User> | Refusal {
  if (outcome !== 'claimed') {
    if (REFUSALS.includes(outcome)) return new Refusal(outcome);
    throw new UnavailableError("the nonce store's claim() returned no outcome, such as 'claimed' or 'replayed'");
  }
  const outside = outsideWindow(token.claims.time, now, tolerance);
  return outside === undefined ? (token as unknown as ClaimedToken<User>) : new Refusal(outside);
}
