/** Formats the report on a token, as text or as JSON. */
import type { Io, Style } from 'ajwt-cli-kit/io';
import { printable } from '../../core/printable.ts';
import { duration } from '../duration.ts';
import type { Check } from './checks.ts';
import type { Decoded } from './decode.ts';

const RESULT_STYLES: Readonly<Record<Check['result'], Style>> = {
  pass: 'green',
  FAIL: ['bold', 'red'],
  unknown: 'yellow',
};
const REASON_STYLES = { FAIL: 'red', unknown: 'dim' } as const;

/** Formats the report as text. @param now - seconds since the epoch */
export function reportForPeople(
  { header, claims }: Decoded,
  checks: readonly Check[],
  now: number,
  io: Pick<Io, 'paint'>,
): string {
  return [
    io.paint('bold', 'Header'),
    ...members(header, now, io),
    io.paint('bold', 'Claims'),
    ...members(claims, now, io),
    io.paint('bold', 'Checks'),
    ...checks.map(({ check, result, why }) =>
      [
        `  ${check.padEnd(11)}`,
        io.paint(RESULT_STYLES[result], result.padEnd(7)),
        result === 'pass' ? why : io.paint(REASON_STYLES[result], why),
      ].join('  '),
    ),
  ].join('\n');
}

/** Maximum width of the column of names: a longer name shifts only its own value. */
const MAX_COLUMN = 20;

function members(object: Record<string, unknown> | undefined, now: number, io: Pick<Io, 'paint'>): string[] {
  if (object === undefined) return ['  cannot be decoded'];
  const entries = Object.entries(object).map(([name, value]) => [printable(name, 40), show(name, value, now)] as const);
  const width = Math.min(MAX_COLUMN, Math.max(0, ...entries.map(([name]) => name.length)));
  return entries.map(([name, value]) => `  ${io.paint('cyan', name.padEnd(width))}  ${value}`);
}

/** Claims that are seconds since the epoch. */
const TIMES = ['time', 'exp', 'nbf', 'iat'];
/** Last second that a Date can represent (ECMA-262 §21.4.1.1). */
const LAST_SECOND = 8.64e12;

function show(name: string, value: unknown, now: number): string {
  // Quotes distinguish the nonce "7" from the number 7.
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

/** Formats the report as one JSON object on one line, with characters that could control a terminal as `\u…`. */
export function reportAsJson(decoded: Decoded, checks: readonly Check[], ok: boolean): string {
  const { header = null, claims = null } = decoded;
  return JSON.stringify({ ok, header, claims, checks }).replace(/[^ -~]/g, (unit) => {
    return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}
