/** Lists the reasons for refusing a request. Tests check that the types, the specification and the documentation agree with this table. */

import { printable } from './printable.ts';

/** The value of `error` in the challenge and in the response body. */
export type WireError =
  | 'invalid_token'
  | 'stale_time'
  | 'wrong_audience'
  | 'binding_required'
  | 'binding_mismatch'
  | 'replayed'
  | 'rate_limited'
  | 'body_too_large'
  | 'body_incomplete'
  | 'unavailable';

/** The meaning of a reason, and the server's response. */
export interface ReasonEntry {
  /** The step (spec/LIFECYCLE.md) that refuses for this reason, or 0 if several steps do. */
  readonly step: number;
  readonly status: 401 | 408 | 413 | 429 | 503;
  /** `null` if the challenge has no `error`. */
  readonly error: WireError | null;
  /** The value of `Retry-After` in seconds, if the caller can retry. */
  readonly retryAfter?: number;
  /** Says what happened and what to do. Never sent to the caller for a reason of step 3 or 4. */
  readonly message: string;
  /** Sent to the caller instead of `message`; then `message` is for the operator. */
  readonly callerMessage?: string;
}

export const REASONS = Object.freeze({
  missing: {
    step: 1,
    status: 401,
    error: null,
    message: 'No token was sent; sign the request, and send the token with the scheme.',
  },
  malformed: {
    step: 2,
    status: 401,
    error: 'invalid_token',
    message: 'The token is malformed; see the detail.',
  },
  unknown_user: { step: 3, status: 401, error: 'invalid_token', message: 'No such user; register the user.' },
  user_disabled: {
    step: 3,
    status: 401,
    error: 'invalid_token',
    message: 'The user is disabled; enable it.',
  },
  unknown_key: {
    step: 3,
    status: 401,
    error: 'invalid_token',
    message: 'The user has no such key; register the key.',
  },
  key_expired: {
    step: 3,
    status: 401,
    error: 'invalid_token',
    message: 'The key has expired; register a new one.',
  },
  key_retired: {
    step: 3,
    status: 401,
    error: 'invalid_token',
    message: 'The key was retired; sign with the new one.',
  },
  key_revoked: {
    step: 3,
    status: 401,
    error: 'invalid_token',
    message: 'The key was revoked; register a new one.',
  },
  bad_signature: {
    step: 4,
    status: 401,
    error: 'invalid_token',
    message: 'No usable key of the user verifies the signature.',
  },
  stale: {
    step: 5,
    status: 401,
    error: 'stale_time',
    message: 'The token was signed too long ago; sign again, and check the clock.',
  },
  from_the_future: {
    step: 5,
    status: 401,
    error: 'stale_time',
    message: 'The token was signed in the future; check the clock.',
  },
  expired: {
    step: 5,
    status: 401,
    error: 'stale_time',
    message: 'The exp of the token has passed; sign again.',
  },
  wrong_audience: {
    step: 6,
    status: 401,
    error: 'wrong_audience',
    message: 'The token is for another audience; if that is this server, add it to the option audience.',
    callerMessage: 'The token is for another audience; sign it for the origin of this server.',
  },
  binding_required: {
    step: 6,
    status: 401,
    error: 'binding_required',
    message: 'The token is not bound as this server requires; sign it with bind.',
  },
  binding_mismatch: {
    step: 6,
    status: 401,
    error: 'binding_mismatch',
    message: 'The token is bound to another request.',
  },
  replayed: {
    step: 7,
    status: 401,
    error: 'replayed',
    message: 'The token was used before; sign each request separately.',
  },
  forgotten: {
    step: 7,
    status: 401,
    error: 'stale_time',
    retryAfter: 1,
    message: 'The token is older than the records of the nonce store; sign again.',
  },
  rate_limited: {
    step: 7,
    status: 429,
    error: 'rate_limited',
    retryAfter: 1,
    message: 'The user sends too many requests; slow down.',
  },
  body_too_large: {
    step: 8,
    status: 413,
    error: 'body_too_large',
    message: 'The body is longer than maxBodyBytes; send a shorter one.',
  },
  body_incomplete: {
    step: 8,
    status: 408,
    error: 'body_incomplete',
    message: 'The body did not arrive completely; sign again.',
  },
  unavailable: {
    step: 0,
    status: 503,
    error: 'unavailable',
    retryAfter: 1,
    message: 'The server cannot check tokens now; try again.',
  },
} as const satisfies Record<string, ReasonEntry>);

/** Why a request was refused. */
export type Reason = keyof typeof REASONS;

/** What is malformed: the `detail` of a `malformed` response. It depends only on the request. */
export const MALFORMED = Object.freeze({
  header_empty: 'The Authorization header is empty.',
  header_repeated: 'There is more than one Authorization credential; send one.',
  header_changed: 'The Authorization header was changed after the request was authenticated.',
  no_token: 'The Authorization header has no token.',
  not_a_token: 'The token is not three base64url segments joined by dots; send the token alone, without quotes.',
  too_long: 'The token is longer than 8192 characters.',
  header_too_long: 'The JOSE header is longer than 2048 bytes.',
  payload_too_long: 'The payload is longer than 4096 bytes.',
  not_base64url: 'The token is not canonical base64url.',
  header_json: 'The JOSE header is not canonical base64url of a JSON object in UTF-8 without duplicate members.',
  alg: 'The alg of the JOSE header is not a supported asymmetric algorithm.',
  typ: 'The typ of the JOSE header is not JWT.',
  kid: 'The kid of the JOSE header is not a string of 1 to 256 bytes.',
  unsupported_header: 'The JOSE header has a crit, b64, zip or enc member.',
  signature_length: 'The signature has the wrong length for this alg.',
  payload_json: 'The payload is not canonical base64url of a JSON object in UTF-8 without duplicate members.',
  username: 'The username is not a string of 1 to 600 bytes without control characters and outer white space.',
  time: 'The time is not a number of seconds above 0 and below 2^53.',
  nonce: 'The nonce is not a string of 1 to 255 bytes or a finite number.',
  registered_claim: 'exp, nbf or iat is not a finite number, or aud is not a string or array of strings.',
  bind: 'The bind claim is not an object of version 1 with only the members aud, htm, target and digest.',
  identity_header: 'A header imitates an identity header, or Connection names one.',
} as const);

/** The stable code of a sentence in {@link MALFORMED}. */
export type MalformedCode = keyof typeof MALFORMED;

/** A refusal that has not been converted to a response yet. */
export class Refusal {
  readonly reason: Reason;
  /** Says what is malformed, if the reason is `malformed`. */
  readonly detail: MalformedCode | undefined;
  /** The error of a store or hook, if the reason is `unavailable`. Never sent. */
  readonly cause: unknown;
  /** The end of the message, escaped: what was expected, or which value was refused. */
  readonly about: string | undefined;

  constructor(reason: Reason, detail?: MalformedCode, cause?: unknown, about?: string) {
    this.reason = reason;
    this.detail = detail;
    this.cause = cause;
    this.about = about;
  }

  /** Tells the operator what happened and what to do. */
  get message(): string {
    const { message } = REASONS[this.reason];
    return this.about === undefined ? message : `${message.slice(0, -1)}: ${this.about}.`;
  }
}

/** Makes a refusal whose message ends with `about`. Escapes `about`. */
export function refusalAbout(reason: Reason, about: string): Refusal {
  return new Refusal(reason, undefined, undefined, printable(about));
}

/** Makes a refusal of a malformed request. */
export function malformed(detail: MalformedCode): Refusal {
  return new Refusal('malformed', detail);
}
