import type { Claims } from '../core/claims.ts';
import { printable } from '../core/printable.ts';
import { type MalformedCode, REASONS, type Reason, type Refusal } from '../core/reasons.ts';

/** The event that `onResult` is called with. It contains no token, signature or key, and all strings from the sender are escaped. */
export interface AuthenticationEvent {
  readonly reason: 'accepted' | Reason;
  /** Says what is malformed, if the reason is `malformed`. */
  readonly detail?: MalformedCode;
  /** The `username` claim: trust it only if `verified` is true. Absent if the token could not be read. */
  readonly username?: string;
  readonly kid?: string;
  /** The `time` claim, in seconds since the epoch. */
  readonly time?: number;
  readonly nonce?: string | number;
  /** Whether the signature is valid, which proves that the user made the claims. */
  readonly verified: boolean;
  /** The error of a store or hook, if the reason is `unavailable`. */
  readonly cause?: unknown;
  /** Says what happened and what to do. */
  readonly message: string;
}

/**
 * Makes the event for a decision.
 *
 * @param kid - the kid of the key that verified the signature, or else the kid in the token
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
    return { reason: 'accepted', message: 'The request was accepted.', verified: true, ...said };
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
