/** The payload that this library and the Python package write, read out of its bytes: it needs no general parser and no more checks. */
import { asciiBytes, asciiInScratch, scratch } from '#engine';
import type { Claims } from './claims.ts';

const BEFORE_NAME = asciiBytes('{"username":"');
const BEFORE_TIME = asciiBytes('","time":');
const BEFORE_NONCE = asciiBytes(',"nonce":"');
const AFTER_NONCE = asciiBytes('"}');

const IN_NAME = 1;
const IN_TIME = 2;
const IN_NONCE = 4;
/** By the code of each ASCII character, where it may be; other bytes may be nowhere. */
const PLACES = Uint8Array.from({ length: 256 }, (_, code) => {
  const character = code < 0x80 ? String.fromCharCode(code) : '';
  const isIn = (pattern: RegExp, place: number) => (pattern.test(character) ? place : 0);
  // A nonce's characters stand for themselves in JSON.
  return isIn(/[\w.@+-]/, IN_NAME) | isIn(/\d/, IN_TIME) | isIn(/[ !#-[\]-~]/, IN_NONCE);
});

/** Within the limits of claims.ts. */
const MAX_TEXT = 255;
/** All of them are exact as a number, and below the limit of a time. */
const MAX_DIGITS = 15;
const ZERO = 0x30;

/**
 * Reads the bytes in the engine's scratch.
 *
 * @param length - how many there are; what lies behind them is left from others
 * @returns `undefined` for every other payload, be it good or not
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
  // Each part begins where the one before it ends: if the last ends with the payload, all of them lie in it.
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

/** Where the bytes end that may be in a place: after `most` of them at the latest. */
function endOfRun(start: number, place: number, most: number): number {
  let at = start;
  while (at < start + most && ((PLACES[scratch[at] as number] as number) & place) !== 0) at++;
  return at;
}
