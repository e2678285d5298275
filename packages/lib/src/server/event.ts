/** What hooks, logs and counters learn of a decision: the true reason, and the sender's words made safe to print. */
import type { Claims } from '../core/claims.ts';
import { printable } from '../core/printable.ts';
import { type MalformedCode, REASONS, type Reason, type Refusal } from '../core/reasons.ts';

/** One decision. No token, signature or key material is in it, and all its strings are escaped. */
export interface AuthenticationEvent {
  readonly reason: 'accepted' | Reason;
  /** What is malformed, for `malformed`. */
  readonly detail?: MalformedCode;
  /** As claimed; believe it only where `verified`. Absent where the token could not be read. */
  readonly username?: string;
  readonly kid?: string;
  /** Seconds since the epoch, as claimed. */
  readonly time?: number;
  readonly nonce?: string | number;
  /** Whether the signature verified, so that the claims are the user's own. */
  readonly verified: boolean;
  /** What went wrong on this side, for `unavailable`: an error of a store, or of a hook. */
  readonly cause?: unknown;
  /** For people: what happened and what to do. */
  readonly message: string;
}

/** @param kid - of the key that verified, or as the token claims it */
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
