/**
 * Reads the form of payload that this library and the Python package write. It reads the bytes directly, which is faster than a JSON parser
 * and separate checks.
 */
import { asciiBytes, asciiInScratch, scratch } from '#engine';
import type { Claims } from './claims.ts';

const BEFORE_NAME = asciiBytes('{"username":"');
const BEFORE_TIME = asciiBytes('","time":');
const BEFORE_NONCE = asciiBytes(',"nonce":"');
const AFTER_NONCE = asciiBytes('"}');

const IN_NAME = 1;
const IN_TIME = 2;
const IN_NONCE = 4;
/** For each byte, the parts of the payload that allow it. No part allows bytes from 0x80 on. */
const PLACES = Uint8Array.from({ length: 256 }, (_, code) => {
  const character = code < 0x80 ? String.fromCharCode(code) : '';
  const isIn = (pattern: RegExp, place: number) => (pattern.test(character) ? place : 0);
  // The nonce allows no characters that JSON escapes.
  return isIn(/[\w.@+-]/, IN_NAME) | isIn(/\d/, IN_TIME) | isIn(/[ !#-[\]-~]/, IN_NONCE);
});

/** Longest username and nonce, in bytes. The limits in claims.ts are not lower. */
const MAX_TEXT = 255;
/** A number of up to 15 digits is exact, and below the limit of a time. */
const MAX_DIGITS = 15;
const ZERO = 0x30;

/**
 * Reads the payload in the engine's scratch buffer.
 *
 * @param length - length of the payload in bytes; the bytes after it are left over from earlier payloads
 * @returns the claims, or `undefined` if the payload has another form, which may be valid
 */
export function readCompatPayload(length: number): Claims | undefined {
  if (!isAt(0, BEFORE_NAME)) return undefined;
  const nameAt = BEFORE_NAME.length;
  const nameEnd = endOfRun(nameAt, IN_NAME, MAX_TEXT);
  if (nameEnd === nameAt || !isAt(nameEnd, BEFORE_TIME)) return undefined;

  const timeAt = nameEnd + BEFORE_TIME.length;
  const timeEnd = endOfRun(timeAt, IN_TIME, MAX_DIGITS);
  if (timeEnd === timeAt || scratch[timeAt] === ZERO || !isAt(timeEnd, BEFORE_NONCE)) return undefined;

  const nonceAt = timeEnd + BEFORE_NONCE.length;
  const nonceEnd = endOfRun(nonceAt, IN_NONCE, MAX_TEXT);
  if (nonceEnd === nonceAt || !isAt(nonceEnd, AFTER_NONCE)) return undefined;
  // Each part begins where the previous one ends. So if the last part ends where the payload ends, no part is outside it.
  if (nonceEnd + AFTER_NONCE.length !== length) return undefined;

  let time = 0;
  for (let at = timeAt; at < timeEnd; at++) time = time * 10 + (scratch[at] as number) - ZERO;
  const json = asciiInScratch(length);
  return { username: json.slice(nameAt, nameEnd), time, nonce: json.slice(nonceAt, nonceEnd) };
}

function isAt(at: number, bytes: Uint8Array): boolean {
  for (let index = 0; index < bytes.length; index++) if (scratch[at + index] !== bytes[index]) return false;
  return true;
}

/** Skips at most `most` bytes that a part of the payload allows. Returns the index after them. */
function endOfRun(start: number, place: number, most: number): number {
  let at = start;
  while (at < start + most && ((PLACES[scratch[at] as number] as number) & place) !== 0) at++;
  return at;
}
