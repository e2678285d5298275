/** Step 7: checks the outcome of the claim. */
import { type ClaimOutcome, UnavailableError } from './contracts.ts';
import { Refusal } from './reasons.ts';
import { outsideWindow } from './time.ts';
import type { BoundToken, ClaimedToken } from './trust.ts';

const REFUSALS: readonly unknown[] = ['replayed', 'forgotten', 'rate_limited'] satisfies ClaimOutcome[];

/** Why a claim did not succeed. */
type ClaimFailure = Exclude<ClaimOutcome, 'claimed'> | NonNullable<ReturnType<typeof outsideWindow>>;

/**
 * Returns why a claim did not succeed, or `undefined` if it did.
 *
 * @param outcome - from the nonce store
 * @param time - the claimed time, in seconds since the epoch
 * @param now - seconds since the epoch, read after the store responded. A claim that has become too old in the meantime fails, because the
 *   store may already have deleted its record
 * @param tolerance - in seconds
 * @throws UnavailableError for an unknown outcome
 */
export function claimFailure(
  outcome: ClaimOutcome,
  time: number,
  now: number,
  tolerance: number,
): ClaimFailure | undefined {
  if (outcome === 'claimed') return outsideWindow(time, now, tolerance);
  if (REFUSALS.includes(outcome)) return outcome;
  throw new UnavailableError("the nonce store's claim() returned no outcome, such as 'claimed' or 'replayed'");
}

/** Returns the token if its nonce was claimed, and a refusal otherwise. The other parameters are those of {@link claimFailure}. */
export function checkClaim<User>(
  token: BoundToken<User>,
  outcome: ClaimOutcome,
  now: number,
  tolerance: number,
): ClaimedToken<User> | Refusal {
  const failure = claimFailure(outcome, token.claims.time, now, tolerance);
  return failure === undefined ? (token as unknown as ClaimedToken<User>) : new Refusal(failure);
}
