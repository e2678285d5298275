/** The line of the access log about one request. */
import { printable } from 'ajwt-cli-kit';
import type { Exchange } from './exchange.ts';

/** Maximum length of a logged path, in characters. */
const MAX_PATH = 200;
/** Maximum length of a logged method. Standard methods are much shorter. */
const MAX_METHOD = 20;

/**
 * Returns one line of JSON, with its line break. docs/REFERENCE.md describes its members, and a test compares them. The line is assembled by
 * hand, which takes half the time of `JSON.stringify` on an object.
 *
 * @param exchange - a finished exchange with a decision
 * @param now - milliseconds since the epoch
 */
export function accessLine(exchange: Exchange, now: number = Date.now()): string {
  const { id, client, described, event, status, bytes, duration, lookup, verify, claim, upstream } = exchange;
  const { reason = 'unavailable', message = '', detail, cause, username, kid } = event ?? {};
  const isAccepted = reason === 'accepted';
  const level = reason === 'unavailable' ? 'error' : 'info';
  const { method, target } = described;
  const fingerprint = exchange.fingerprint;
  let line = `{"level":"${level}","time":"${isoTime(now)}","msg":${isAccepted ? '"accepted"' : JSON.stringify(message)},"reason":"${reason}","request_id":"${id}"`;
  if (detail !== undefined) line += `,"detail":"${detail}"`;
  if (cause !== undefined) line += `,"cause":${JSON.stringify(told(cause))}`;
  if (client !== undefined) line += `,"client":"${client.address}"`;
  if (method !== undefined) line += `,"method":${JSON.stringify(printable(method, MAX_METHOD))}`;
  if (target !== undefined) line += `,"path":${JSON.stringify(printable(pathOf(target), MAX_PATH))}`;
  if (username !== undefined) line += `,"username":${JSON.stringify(username)}`;
  if (fingerprint !== undefined) line += `,"key":"${fingerprint}"`;
  else if (kid !== undefined) line += `,"kid":${JSON.stringify(kid)}`;
  line += `,"status":${status},"bytes":${bytes}`;
  line += `,"duration_ms":${rounded(duration)},"lookup_ms":${rounded(lookup)},"verify_ms":${rounded(verify)},"claim_ms":${rounded(claim)}`;
  if (upstream !== undefined) line += `,"upstream_ms":${rounded(upstream)}`;
  if (exchange.traceId !== undefined) line += `,"trace_id":"${exchange.traceId}"`;
  if (exchange.lacking.length > 0) line += `,"lacking":"${exchange.lacking.join(',')}"`;
  if (exchange.aborted) line += ',"aborted":true';
  return `${line}}\n`;
}

/** Removes the query, which may contain secrets. */
function pathOf(target: string): string {
  const end = target.search(/[?#]/);
  return end === -1 ? target : target.slice(0, end);
}

function told(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

/** Rounds to microseconds. */
function rounded(milliseconds: number): number {
  return Math.round(milliseconds * 1000) / 1000;
}

let second = Number.NaN;
let prefix = '';

/** Returns the time in ISO 8601. Formats the date once a second, because that takes longer than the rest of the line. */
function isoTime(now: number): string {
  const present = Math.floor(now / 1000);
  if (present !== second) {
    second = present;
    prefix = new Date(now).toISOString().slice(0, 20);
  }
  return `${prefix}${String(now - present * 1000).padStart(3, '0')}Z`;
}
