/** Reads a refusal for time (spec/PROTOCOL.md §2.3): the server's clock, and how long to wait. */
import { DEFAULT_TOLERANCE } from '../core/options.ts';
import type { ResponseHead } from './response-head.ts';

/** A response that refuses a token for its time, or may do so. */
export interface TimeRefusal {
  /** The server's clock when it responded, in seconds since the epoch; `undefined` if the response does not say. */
  readonly serverTime: number | undefined;
  /** Seconds. */
  readonly tolerance: number;
  /** Whether the response names the time as its reason. Otherwise only its date is known. */
  readonly named: boolean;
  /** Seconds to wait before the next token. */
  readonly wait: number;
}

/** Longest wait for a nonce store that has just lost its memory, in seconds. */
const MAX_WAIT = 1;

/**
 * Reads a refusal for time.
 *
 * @param dateHeader - whether the `Date` of another refusal also counts
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
  // A date has whole seconds: on average, the clock was half a second further.
  return { serverTime: date / 1000 + 0.5, tolerance: DEFAULT_TOLERANCE, named: false, wait: 0 };
}

/** The challenge of the Python server has no error, nor has ours for a request without a token. */
const OURS = /(?:^|,)\s*JWT\s(?:.*[\s,])?error="/i;
const STALE = /[\s,]error="stale_time"/;
const SERVER_TIME = /[\s,]server_time="(\d{1,12}(?:\.\d{1,9})?)"/;
const TOLERANCE = /[\s,]tolerance="(\d{1,4}(?:\.\d{1,9})?)"/;

function numberIn(challenge: string, parameter: RegExp): number | undefined {
  const value = parameter.exec(challenge)?.[1];
  return value === undefined ? undefined : Number(value);
}

/** Seconds of `Retry-After`. A date, and a value that cannot be read, count as the longest wait. */
function waitOf(retryAfter: string | null): number {
  if (retryAfter === null) return 0;
  return /^\d+$/.test(retryAfter) ? Math.min(MAX_WAIT, Number(retryAfter)) : MAX_WAIT;
}
