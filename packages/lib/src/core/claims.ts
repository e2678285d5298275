/** The claims of a token (spec/PROTOCOL.md §1 and §3): their types and limits. */
import { utf8Length } from '#engine';
import type { Bind } from './bind.ts';

/** The payload of a token: the three claims of the profile, the registered claims that are checked, and any others. */
export interface Claims {
  readonly username: string;
  /** Seconds since the epoch. Version 0.3.1 of the Python package sends fractions of seconds. */
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
  /** Characters of a token. */
  token: 8192,
  /** Bytes of a decoded JOSE header. */
  header: 2048,
  /** Bytes of a decoded payload. */
  payload: 4096,
  /** Bytes in UTF-8. */
  kid: 256,
  nonce: 255,
  username: 600,
  /** A time is above 0 and below this number of seconds. */
  time: 2 ** 53,
});

const PLAIN = /^[\w.@+-]{1,255}$/;
const CONTROL_OR_OUTER_SPACE = /^\s|\s$|\p{Cc}/u;

/** Returns whether a value is a string of well-formed Unicode, 1 to `limit` bytes long in UTF-8. */
export function isTextOf(value: unknown, limit: number): value is string {
  if (typeof value !== 'string' || value.length === 0 || value.length > limit) return false;
  return value.isWellFormed() && (value.length * 3 <= limit || utf8Length(value) <= limit);
}

/** Returns whether a value is a valid username: 1–600 bytes, no control characters, no outer white space (spec/PROTOCOL.md §3). */
export function isUsername(value: unknown): value is string {
  if (typeof value === 'string' && PLAIN.test(value)) return true;
  return isTextOf(value, LIMITS.username) && !CONTROL_OR_OUTER_SPACE.test(value);
}
