/** The claims of a token (spec/PROTOCOL.md §1 and §3): types and limits, nothing that needs a clock or a store. */
import { textInScratch, utf8Length } from '#engine';
import { decodeSegmentToScratch } from './base64url.ts';
import { type Bind, isBind } from './binding.ts';
import { readCompatPayload } from './compat-payload.ts';
import type { MalformedCode } from './reasons.ts';
import { parseStrictJsonObject } from './strict-json.ts';

/** The payload of a token: the three claims of the profile, the registered ones that are honoured, and what else was signed. */
export interface Claims {
  readonly username: string;
  /** Unix seconds; 0.3.1 of the Python package sends a fraction. */
  readonly time: number;
  readonly nonce: string | number;
  readonly exp?: number;
  readonly nbf?: number;
  readonly iat?: number;
  readonly aud?: string | readonly string[];
  readonly bind?: Bind;
  readonly [name: string]: unknown;
}

export const LIMITS = Object.freeze({
  /** Characters of a whole token. */
  token: 8192,
  /** Bytes of a decoded JOSE header. */
  header: 2048,
  /** Bytes of a decoded payload. */
  payload: 4096,
  /** Bytes in UTF-8. */
  kid: 256,
  nonce: 255,
  username: 600,
  /** Claimed times are above 0 and below this many seconds. */
  time: 2 ** 53,
});

const PLAIN = /^[\w.@+-]{1,255}$/;
const CONTROL_OR_OUTER_SPACE = /^\s|\s$|\p{Cc}/u;

/** Whether a text is well-formed Unicode of 1 to `limit` bytes in UTF-8. */
export function isTextOf(value: unknown, limit: number): value is string {
  if (typeof value !== 'string' || value.length === 0 || value.length > limit) return false;
  return value.isWellFormed() && (value.length * 3 <= limit || utf8Length(value) <= limit);
}

/** Whether a text may be a username: 1–600 bytes, no control characters, no white space at its ends (spec/PROTOCOL.md §3). */
export function isUsername(value: unknown): value is string {
  if (typeof value === 'string' && PLAIN.test(value)) return true;
  return isTextOf(value, LIMITS.username) && !CONTROL_OR_OUTER_SPACE.test(value);
}

/** Whether a value may be a nonce: a string of 1–255 bytes, or a finite number. */
function isNonce(value: unknown): value is string | number {
  return typeof value === 'number' ? Number.isFinite(value) : isTextOf(value, LIMITS.nonce);
}

/** Whether a value may be a claimed time: a finite number of seconds, 0 < t < 2^53. */
function isTime(value: unknown): value is number {
  return typeof value === 'number' && value > 0 && value < LIMITS.time;
}

/**
 * Reads a payload, as far as its own bytes tell.
 *
 * @param segment - as it is in the token, without foreign characters
 */
export function readClaims(segment: string): Claims | MalformedCode {
  const length = decodeSegmentToScratch(segment);
  if (length === undefined) return 'payload_json';
  const compat = readCompatPayload(length);
  if (compat !== undefined) return compat;
  const payload = parseStrictJsonObject(textInScratch(length));
  if (payload === undefined) return 'payload_json';
  return findMalformedClaim(payload) ?? (payload as unknown as Claims);
}

function findMalformedClaim(payload: Record<string, unknown>): MalformedCode | undefined {
  if (!isUsername(payload.username)) return 'username';
  if (!isTime(payload.time)) return 'time';
  if (!isNonce(payload.nonce)) return 'nonce';
  if (!isOptionalNumber(payload.exp) || !isOptionalNumber(payload.nbf) || !isOptionalNumber(payload.iat)) {
    return 'registered_claim';
  }
  if (payload.aud !== undefined && !isAudience(payload.aud)) return 'registered_claim';
  if (payload.bind !== undefined && !isBind(payload.bind)) return 'bind';
  return undefined;
}

function isOptionalNumber(value: unknown): boolean {
  return value === undefined || (typeof value === 'number' && Number.isFinite(value));
}

function isAudience(value: unknown): boolean {
  return typeof value === 'string' || (Array.isArray(value) && value.every((item) => typeof item === 'string'));
}
