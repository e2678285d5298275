/** Makes the responses to refused requests, which consist of status, challenge (RFC 9110 §11.6.1) and problem details (RFC 9457). */
import { MALFORMED, REASONS, type Reason, type ReasonEntry, type Refusal } from '../core/reasons.ts';

/** The complete response to a refused request. Send it unchanged. */
export interface RefusedResult {
  readonly ok: false;
  /** The internal reason, for hooks, logs and metrics. The response is the same for all reasons of steps 3 and 4. */
  readonly reason: Reason;
  /** Says what is malformed, if the reason is `malformed`. */
  readonly detail: Refusal['detail'];
  readonly status: 401 | 408 | 413 | 429 | 503;
  readonly headers: Readonly<Record<string, string>>;
  /** `application/problem+json`. */
  readonly body: string;
}

/** The contents of a challenge. */
export interface ChallengeOptions {
  readonly scheme: string;
  readonly realm: string;
  /** Seconds. */
  readonly tolerance: number;
}

/** The reason phrases of RFC 9110 §15. */
export const TITLES = {
  401: 'Unauthorized',
  408: 'Request Timeout',
  413: 'Content Too Large',
  429: 'Too Many Requests',
  503: 'Service Unavailable',
} as const;

/** The response is the same for all reasons of these steps. */
const SILENT_STEPS = [3, 4];
const SILENT_DETAIL = 'The token was not accepted; check the username, its registered key, and the signature.';

/**
 * Makes a function that converts refusals to responses.
 *
 * @throws TypeError if the realm cannot be written in a header
 */
export function challenger(options: ChallengeOptions): (refusal: Refusal, now: number) => RefusedResult {
  const { scheme, realm, tolerance } = options;
  if (typeof realm !== 'string' || !/^[ !#-[\]-~]*$/.test(realm)) {
    throw new TypeError('option realm: must be printable ASCII without quotes and backslashes');
  }
  const challenge = `${scheme} realm="${realm}"`;

  return (refusal, now) => {
    const { reason, detail } = refusal;
    const entry: ReasonEntry = REASONS[reason];
    const headers: Record<string, string> = { 'cache-control': 'no-store', 'content-type': 'application/problem+json' };
    if (entry.status === 401) headers['www-authenticate'] = challenge + parameters(entry, now, tolerance);
    if (entry.retryAfter !== undefined) headers['retry-after'] = String(entry.retryAfter);
    return { ok: false, reason, detail, status: entry.status, headers, body: problem(entry, refusal) };
  };
}

/** Returns the parameters of the challenge. `server_time` is sent only if the signature was verified. */
function parameters(entry: ReasonEntry, now: number, tolerance: number): string {
  if (entry.error === null) return '';
  const clock = entry.error === 'stale_time' ? `, server_time="${now.toFixed(3)}", tolerance="${tolerance}"` : '';
  return `, error="${entry.error}"${clock}`;
}

function problem(entry: ReasonEntry, { detail, message }: Refusal): string {
  const { status, error, step, callerMessage } = entry;
  const silent = SILENT_STEPS.includes(step);
  return JSON.stringify({
    type: 'about:blank',
    title: TITLES[status],
    status,
    ...(error === null ? {} : { error }),
    detail: silent ? SILENT_DETAIL : detail === undefined ? (callerMessage ?? message) : MALFORMED[detail],
  });
}
