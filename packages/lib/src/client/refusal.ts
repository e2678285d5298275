/** Reads responses that refuse a token because of its time (spec/PROTOCOL.md §2.3). */
import { DEFAULT_TOLERANCE } from '../core/options.ts';
import type { ResponseHead } from './response-head.ts';

/** A response that refuses a token, or may refuse it, because of its time. */
export interface TimeRefusal {
  /** The server's clock when it responded, in seconds since the epoch; `undefined` if the response does not contain it. */
  readonly serverTime: number | undefined;
  /** Seconds. */
  readonly tolerance: number;
  /** Whether the response says that the time is the reason. If not, only its `Date` is known. */
  readonly named: boolean;
  /** Seconds to wait before the next attempt. */
  readonly wait: number;
}

/** Longest wait for a nonce store that has just lost its records, in seconds. */
const MAX_WAIT = 1;

/**
 * Reads a response that refuses a token because of its time.
 *
 * @param dateHeader - whether to use the `Date` of other refusals too
 * @returns `undefined` for any other response
 */
export function readTimeRefusal(response: ResponseHead, dateHeader: boolean): TimeRefusal | undefined {
  if (response.status !== 401 && !(dateHeader && response.status === 403)) return undefined;
  const challenge = response.headers.get('www-authenticate') ?? '';
  if (response.status === 401 && OURS.test(challenge)) {
    if (!STALE.test(challenge)) return undefined;
    return {
      serverTime: numberIn(challenge, SERVER_TIME),
      tolerance: numberIn(challenge, TOLERANCE) ?? DEFAULT_TOLERANCE,
      named: true,
      wait: waitOf(response.headers.get('retry-after')),
    };
  }
  const date = dateHeader ? Date.parse(response.headers.get('date') ?? '') : Number.NaN;
  if (Number.isNaN(date)) return undefined;
  // A `Date` has whole seconds. On average, the clock was half a second ahead of it.
  return { serverTime: date / 1000 + 0.5, tolerance: DEFAULT_TOLERANCE, named: false, wait: 0 };
}

/**
 * Matches a challenge of this library that has an error. The Python server's challenge has none, and the challenge for a missing token has
 * none either.
 */
const OURS = /(?:^|,)\s*JWT\s(?:.*[\s,])?error="/i;
const STALE = /[\s,]error="stale_time"/;
const SERVER_TIME = /[\s,]server_time="(\d{1,12}(?:\.\d{1,9})?)"/;
const TOLERANCE = /[\s,]tolerance="(\d{1,4}(?:\.\d{1,9})?)"/;

function numberIn(challenge: string, parameter: RegExp): number | undefined {
  const value = parameter.exec(challenge)?.[1];
  return value === undefined ? undefined : Number(value);
}

/** Returns the seconds in `Retry-After`, up to the longest wait. A date or an invalid value counts as the longest wait. */
function waitOf(retryAfter: string | null): number {
  if (retryAfter === null) return 0;
  return /^\d+$/.test(retryAfter) ? Math.min(MAX_WAIT, Number(retryAfter)) : MAX_WAIT;
}
