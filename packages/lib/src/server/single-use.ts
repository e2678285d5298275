/** Lets each id be used once: the replay rule of spec/PROTOCOL.md §4, for anything that has an issuer, an id and a time of issue. */
import { checkNonceStore, isInMilliseconds } from '../core/arguments.ts';
import { claimFailure } from '../core/check-claim.ts';
import { isTextOf, isUsername, LIMITS } from '../core/claims.ts';
import { type ClaimOutcome, type NonceStore, UnavailableError } from '../core/contracts.ts';
import { inTime, STORE_PATIENCE } from '../core/in-time.ts';
import { isPromise } from '../core/maybe-promise.ts';
import { checkOptions, clockOption } from '../core/options.ts';
import { outsideWindow } from '../core/time.ts';
import { SingleUseError, type SingleUseErrorCode } from './single-use-error.ts';

/** Options of {@link singleUse}. */
export interface SingleUseOptions {
  /** Returns the current time in seconds since the epoch. Default: the wall clock. */
  readonly now?: () => number;
}

/** An id that may be used once. Pass only verified values: read them after the signature was checked. */
export interface IssuedId {
  /**
   * Who chose the id: 1 to 600 bytes, without control characters and outer white space. Different issuers may choose the same id. Begin it
   * with the kind, such as `dpop:…`, if several kinds of ids share a store.
   */
  readonly issuer: string;
  /** The unique id, such as `jti` or `webhook-id`: 1 to 255 bytes. */
  readonly id: string;
  /**
   * When the id was issued, in seconds since the epoch, such as `iat` or `webhook-timestamp`. It must be the same each time that the id is
   * presented. Never pass the expiry; without an `iat`, pass `exp` minus the longest lifetime that you accept, and refuse longer ones.
   */
  readonly issuedAt: number;
}

/**
 * How far ahead of this clock an id may be issued, in seconds. A store that loses its records refuses what was issued before the loss, so an
 * expiry in place of a time of issue would let the id be used again.
 */
const MAX_AHEAD = 60;

/** What happened, and what to do. The messages never contain the id. */
const MESSAGES: Readonly<Record<Exclude<SingleUseErrorCode, 'malformed'>, (seconds: number) => string>> = {
  replayed: () => 'the id was used before; refuse the request',
  stale: (seconds) => `the id was issued ${seconds} s ago, which is too long; refuse the request, or check the clocks`,
  from_the_future: (seconds) =>
    `issuedAt is ${seconds} s in the future; pass the time of issue instead of the expiry, or check the clocks`,
  forgotten: () =>
    'the nonce store may have lost the records of that time; refuse the request, and let the caller sign again',
  rate_limited: () =>
    'the issuer uses too many ids; refuse the request, or raise maxClaimsPerSecond or maxNonces of the nonce store',
};

/**
 * Makes a function that lets each id be used once, across all processes that share the nonce store. Use it for what other libraries verify
 * but do not remember: DPoP proofs (RFC 9449 §11.1), client assertions (RFC 7523 §3), webhooks. docs/REPLAY_GUARD.md has recipes.
 *
 * An id is accepted for the store's `tolerance` after its time of issue, and up to 60 seconds before it, or up to the tolerance if that is
 * less. Give the store a tolerance that covers the longest lifetime of what you verify, up to 600 seconds.
 *
 * @param nonces - what remembers the ids. After a loss of its records it refuses ids from before the loss
 * @param options - {@link SingleUseOptions}
 * @returns a function whose promise resolves, with nothing, for exactly one caller per issuer, id and time. For all others it rejects with
 *   a {@link SingleUseError} whose `code` gives the reason. If the store fails or does not respond within 30 seconds, it rejects with an
 *   UnavailableError: respond with 503, and do not accept the request; the id may be used up. Await the promise before you act on the request
 * @throws TypeError for an option or a store that is not valid
 *
 * @example
 * ```ts
 * import { memoryNonceStore, singleUse } from 'asymmetric-jwt-auth';
 *
 * const useOnce = singleUse(memoryNonceStore({ tolerance: 300 }));
 * const use = { issuer: 'webhook:acme', id: 'msg_2KWPBgLl', issuedAt: Date.now() / 1000 };
 * await useOnce(use);
 * await useOnce(use).catch((error) => console.log(error.code)); // replayed
 * ```
 */
export function singleUse(nonces: NonceStore, options: SingleUseOptions = {}): (use: IssuedId) => Promise<void> {
  checkNonceStore('nonces', nonces);
  checkOptions<SingleUseOptions>(options, { now: 'function' });
  const clock = clockOption(options.now);
  const { tolerance } = nonces;
  const maxAhead = Math.min(tolerance, MAX_AHEAD);

  return async (use) => {
    const malformed = malformedPart(use);
    if (malformed !== undefined) throw new SingleUseError('malformed', malformed);
    const { issuer, id, issuedAt } = use;

    const now = clock();
    const isAhead = issuedAt > now + maxAhead;
    refuse(isAhead ? 'from_the_future' : outsideWindow(issuedAt, now, tolerance), issuedAt - now);
    const outcome = await claim(issuer, id, issuedAt, now);
    const then = clock();
    refuse(claimFailure(outcome, issuedAt, then, tolerance), issuedAt - then);
  };

  async function claim(issuer: string, id: string, time: number, now: number): Promise<ClaimOutcome> {
    try {
      const outcome = nonces.claim({ username: issuer, time, nonce: id }, now);
      return isPromise(outcome) ? await inTime(outcome, STORE_PATIENCE, 'the nonce store') : outcome;
    } catch (cause) {
      if (cause instanceof UnavailableError) throw cause;
      throw new UnavailableError('the nonce store failed; see the cause', { cause });
    }
  }
}

/** Throws unless the reason is `undefined`. @param offset - how far the time of issue is from the clock, in seconds */
function refuse(reason: ReturnType<typeof claimFailure>, offset: number): void {
  if (reason === undefined) return;
  if (reason === 'unavailable') throw new UnavailableError('option now: must return seconds since the epoch');
  throw new SingleUseError(reason, MESSAGES[reason](Math.round(Math.abs(offset))));
}

/** Returns what is malformed and what it must be, or `undefined`. Values come from tokens, so the text must not contain them. */
function malformedPart(use: Partial<IssuedId> | null | undefined): string | undefined {
  const { issuer, id, issuedAt } = use ?? {};
  if (!isUsername(issuer)) {
    return 'issuer must be a string of 1 to 600 bytes without control characters and outer white space';
  }
  if (!isTextOf(id, LIMITS.nonce)) return 'id must be a string of 1 to 255 bytes';
  if (isInMilliseconds(issuedAt)) {
    return 'issuedAt must be in seconds since the epoch, not in milliseconds; divide by 1000';
  }
  const isTime = Number.isFinite(issuedAt) && (issuedAt as number) > 0;
  return isTime ? undefined : 'issuedAt must be a number of seconds since the epoch; convert a header with Number()';
}
