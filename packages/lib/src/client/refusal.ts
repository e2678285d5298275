/** Reads a refusal for time (spec/PROTOCOL.md §2.3): what the server's clock says. */
import { DEFAULT_TOLERANCE } from '../core/options.ts';

/** What is looked at of an answer. */
export interface Answer {
  readonly status: number;
  /** @param name - in lower case */
  header(name: string): string | null | undefined;
}

/** An answer that refuses a token for its time, or may do so. */
export interface TimeRefusal {
  /** The server's clock when it answered, in seconds since the epoch; `undefined` where the answer does not say. */
  readonly serverTime: number | undefined;
  /** Seconds. */
  readonly tolerance: number;
  /** Whether the answer names the time as its reason; otherwise only its date is known. */
  readonly named: boolean;
  /** Seconds to wait before the next token. */
  readonly wait: number;
}

/** A caller waits no longer than this for a store that has just lost its memory, in seconds. */
const MAX_WAIT = 1;

/**
 * @param dateHeader - whether the `Date` of another refusal counts as well
 * @returns `undefined` for an answer that is none
 */
export function readTimeRefusal(answer: Answer, dateHeader: boolean): TimeRefusal | undefined {
  if (answer.status !== 401 && !(dateHeader && answer.status === 403)) return undefined;
  const challenge = answer.header('www-authenticate') ?? '';
  if (answer.status === 401 && OURS.test(challenge)) {
    if (!STALE.test(challenge)) return undefined;
    return {
      serverTime: numberIn(challenge, SERVER_TIME),
      tolerance: numberIn(challenge, TOLERANCE) ?? DEFAULT_TOLERANCE,
      named: true,
      wait: waitOf(answer.header('retry-after')),
    };
  }
  const date = dateHeader ? Date.parse(answer.header('date') ?? '') : Number.NaN;
  if (Number.isNaN(date)) return undefined;
  // A date has whole seconds: the clock stood half a second later on average.
  return { serverTime: date / 1000 + 0.5, tolerance: DEFAULT_TOLERANCE, named: false, wait: 0 };
}

/** The Python server's, and one for a request without a token, have no error. */
const OURS = /(?:^|,)\s*JWT\s(?:.*[\s,])?error="/i;
const STALE = /[\s,]error="stale_time"/;
const SERVER_TIME = /[\s,]server_time="(\d{1,12}(?:\.\d{1,9})?)"/;
const TOLERANCE = /[\s,]tolerance="(\d{1,4}(?:\.\d{1,9})?)"/;

function numberIn(challenge: string, parameter: RegExp): number | undefined {
  const value = parameter.exec(challenge)?.[1];
  return value === undefined ? undefined : Number(value);
}

/** A date, or what cannot be read, is waited for as long as for anything. */
function waitOf(retryAfter: string | null | undefined): number {
  if (retryAfter === null || retryAfter === undefined) return 0;
  return /^\d+$/.test(retryAfter) ? Math.min(MAX_WAIT, Number(retryAfter)) : MAX_WAIT;
}
