/** Shows a decision on a terminal. */
import { type Io, printable } from 'ajwt-cli-kit';
import { MALFORMED } from 'asymmetric-jwt-auth';

/** A line of the access log, or the number of decisions that were left out. */
export interface ShownDecision {
  readonly time?: string;
  readonly reason?: string;
  readonly msg?: string;
  readonly dropped?: number;
  readonly [member: string]: unknown;
}

/** The members that are shown after the reason, and the word before each. */
const SHOWN = [
  ['username', ''],
  ['method', ''],
  ['path', ''],
  ['client', 'from '],
  ['key', 'key '],
  ['kid', 'kid '],
  ['status', 'status '],
  ['request_id', 'request '],
] as const;

/**
 * Returns a line with the time, the reason and the request. Below a refusal is a sentence with what to do.
 *
 * @param decision - a line of the access log
 */
export function decisionForPeople(io: Pick<Io, 'paint'>, decision: ShownDecision): string {
  const { time = '', reason = '', msg = '', dropped, detail, cause } = decision;
  if (dropped !== undefined)
    return io.paint('yellow', `${Number(dropped)} decisions were left out: there were too many`);
  const isAccepted = reason === 'accepted';
  const what = SHOWN.flatMap(([member, word]) => {
    const value = decision[member];
    return value === undefined ? [] : [word + safe(value)];
  });
  const color = isAccepted ? 'green' : reason === 'unavailable' ? 'red' : 'yellow';
  const head = [io.paint('dim', safe(time).slice(11, 19)), io.paint(color, safe(reason)), ...what].join('  ');
  if (isAccepted) return head;
  const more = [detail, cause].filter((one) => one !== undefined).map((one) => ` (${safe(one)})`);
  return `${head}\n          ${safe(sentenceOf(detail) ?? msg)}${more.join('')}`;
}

/** Returns the sentence about a malformed credential, which says more than the message of the refusal. */
function sentenceOf(detail: unknown): string | undefined {
  return Object.entries(MALFORMED).find(([code]) => code === detail)?.[1];
}

/** Most values are escaped already; their backslashes are kept. */
function safe(value: unknown): string {
  const text = String(value);
  return /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(text) ? printable(text) : text;
}
