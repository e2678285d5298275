/** What is told about a token: for people, or as JSON. */

import { paint, type Style } from 'ajwt-cli-kit/terminal';
import { printable } from '../../core/printable.ts';
import { duration } from '../duration.ts';
import type { Check } from './checks.ts';
import type { Decoded } from './decode.ts';

const COLOURS: Readonly<Record<Check['result'], Style>> = { pass: 'green', FAIL: ['bold', 'red'], unknown: 'yellow' };
/** Of the reason: what fails stands out, what is not known stands back. */
const REASON_COLOURS = { FAIL: 'red', unknown: 'dim' } as const;

/** @param now - seconds since the epoch */
export function reportForPeople({ header, claims }: Decoded, checks: readonly Check[], now: number): string {
  return [
    paint('bold', 'Header'),
    ...members(header, now),
    paint('bold', 'Claims'),
    ...members(claims, now),
    paint('bold', 'Checks'),
    ...checks.map(({ check, result, why }) =>
      [
        `  ${check.padEnd(11)}`,
        paint(COLOURS[result], result.padEnd(7)),
        result === 'pass' ? why : paint(REASON_COLOURS[result], why),
      ].join('  '),
    ),
  ].join('\n');
}

/** A longer name does not push the values of the others away. */
const MAX_COLUMN = 20;

function members(object: Record<string, unknown> | undefined, now: number): string[] {
  if (object === undefined) return ['  cannot be decoded'];
  const entries = Object.entries(object).map(([name, value]) => [printable(name, 40), show(name, value, now)] as const);
  const width = Math.min(MAX_COLUMN, Math.max(0, ...entries.map(([name]) => name.length)));
  return entries.map(([name, value]) => `  ${paint('cyan', name.padEnd(width))}  ${value}`);
}

/** Claims that are seconds since the epoch. */
const TIMES = ['time', 'exp', 'nbf', 'iat'];
/** Last second that a Date can hold (ECMA-262 §21.4.1.1). */
const LAST_SECOND = 8.64e12;

function show(name: string, value: unknown, now: number): string {
  // The nonce "7" is another one than 7.
  const text = printable(typeof value === 'string' && !isJson(value) ? value : JSON.stringify(value));
  if (!TIMES.includes(name) || typeof value !== 'number' || !(Math.abs(value) <= LAST_SECOND)) return text;
  const date = new Date(value * 1000)
    .toISOString()
    .replace('T', ' ')
    .replace(/\.000Z$|Z$/, ' UTC');
  return `${text}  ${date}, ${value > now ? 'in ' : ''}${duration(Math.abs(now - value))}${value > now ? '' : ' ago'}`;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return text === '';
  }
}

/** One object in one line; characters that could steer a terminal are written as `\u…`. */
export function reportAsJson(decoded: Decoded, checks: readonly Check[], ok: boolean): string {
  const { header = null, claims = null } = decoded;
  return JSON.stringify({ ok, header, claims, checks }).replace(/[^ -~]/g, (unit) => {
    return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}
