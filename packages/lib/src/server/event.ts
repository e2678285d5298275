import type { Claims } from '../core/claims.ts';
import { printable } from '../core/printable.ts';
import { type MalformedCode, REASONS, type Reason, type Refusal } from '../core/reasons.ts';

/** What `onResult` is called with. It contains no token, signature or key, and all strings from the sender are escaped. */
export interface AuthenticationEvent {
  readonly reason: 'accepted' | Reason;
  /** What is malformed, for `malformed`. */
  readonly detail?: MalformedCode;
  /** As claimed: trust it only if `verified` is true. Absent if the token could not be read. */
  readonly username?: string;
  readonly kid?: string;
  /** Seconds since the epoch, as claimed. */
  readonly time?: number;
  readonly nonce?: string | number;
  /** Whether the signature is valid, so that the claims are the user's own. */
  readonly verified: boolean;
  /** The error of a store or hook, for `unavailable`. */
  readonly cause?: unknown;
  /** What happened and what to do, for people. */
  readonly message: string;
}

/**
 * Makes the event of a decision.
 *
 * @param kid - of the key that verified the signature, or as claimed
 */
export function eventOf(
  outcome: 'accepted' | Refusal,
  claims: Claims | undefined,
  kid: string | undefined,
): AuthenticationEvent {
  const said = {
    ...(claims === undefined
      ? {}
      : { username: printable(claims.username), time: claims.time, nonce: printableNonce(claims.nonce) }),
    ...(kid === undefined ? {} : { kid: printable(kid) }),
  };
  if (outcome === 'accepted')
    return { reason: 'accepted', message: 'The request was let in.', verified: true, ...said };
  const { reason, detail, cause, message } = outcome;
  const { step } = REASONS[reason];
  return {
    reason,
    message,
    verified: step > 4,
    ...(detail === undefined ? {} : { detail }),
    ...(cause === undefined ? {} : { cause }),
    ...said,
  };
}

function printableNonce(nonce: string | number): string | number {
  return typeof nonce === 'string' ? printable(nonce) : nonce;
}
