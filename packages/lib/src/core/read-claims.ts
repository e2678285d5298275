/** Reads the payload of a token (spec/PROTOCOL.md §1 and §3). */
import { textInScratch } from '#engine';
import { decodeSegmentToScratch } from './base64url.ts';
import { isBind } from './bind.ts';
import { type Claims, isTextOf, isUsername, LIMITS } from './claims.ts';
import { readCompatPayload } from './compat-payload.ts';
import type { MalformedCode } from './reasons.ts';
import { parseStrictJsonObject } from './strict-json.ts';

/**
 * Reads the payload of a token.
 *
 * @param segment - the second segment of the token; it must contain only base64url characters
 * @returns the unverified claims, or the code that says what is malformed
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

/** Returns whether a value is a valid nonce: a string of 1–255 bytes, or a finite number. */
function isNonce(value: unknown): value is string | number {
  return typeof value === 'number' ? Number.isFinite(value) : isTextOf(value, LIMITS.nonce);
}

/** Returns whether a value is a valid time: a finite number of seconds, 0 < t < 2^53. */
function isTime(value: unknown): value is number {
  return typeof value === 'number' && value > 0 && value < LIMITS.time;
}
