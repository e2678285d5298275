/** The identifiers by which one request is found in the logs of several programs: `X-Request-Id` and `traceparent`. */
import { randomBytes, randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { headerValues } from 'asymmetric-jwt-auth/node';

/** The parts of a request that may contain identifiers. */
export type Identified = Pick<IncomingMessage, 'headers' | 'rawHeaders'>;

/** A received id is only used if it consists of these characters: it appears in logs, responses and headers. */
const SAFE_ID = /^[\w.:/+=-]{1,128}$/;

/** Returns the `X-Request-Id` of a request, or a new UUID if the request has none, several, or one with unexpected characters. */
export function requestId({ headers, rawHeaders }: Identified): string {
  if (headers['x-request-id'] === undefined) return randomUUID();
  const [id = '', another] = headerValues(rawHeaders, 'x-request-id');
  return another === undefined && SAFE_ID.test(id) ? id : randomUUID();
}

/** The trace that a request belongs to (W3C Trace Context §3.2). */
export interface TraceContext {
  readonly traceId: string;
  /** Value of `traceparent` for the application. */
  readonly traceparent: string;
  /** Whether the request had no valid `traceparent`. Its `tracestate` is then invalid too (§3.3). */
  readonly isNew: boolean;
}

/** Version, trace-id, parent-id and flags. A later version may add fields (§3.2.4). */
const TRACEPARENT = /^([\da-f]{2})-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})(-.*)?$/;
/** A trace-id or parent-id of only zeros is invalid (§3.2.2). */
const ZEROS = /^0+$/;

/**
 * Returns the trace of a request, or a new one if the request has none, several, or an invalid one.
 *
 * A `traceparent` of a later version is passed on as version 00, with the flag `sampled` only. A new one has that flag too: otherwise an
 * application that follows its caller's decision, which is the default of OpenTelemetry, would record no trace.
 */
export function traceContext({ headers, rawHeaders }: Identified): TraceContext {
  const received =
    headers.traceparent === undefined ? undefined : readTraceparent(headerValues(rawHeaders, 'traceparent'));
  if (received !== undefined) return received;
  const traceId = randomUUID().replaceAll('-', '');
  return { traceId, traceparent: `00-${traceId}-${randomBytes(8).toString('hex')}-01`, isNew: true };
}

function readTraceparent(values: readonly string[]): TraceContext | undefined {
  const [value = '', another] = values;
  const [, version, traceId = '', parentId = '', flags = '', more] = TRACEPARENT.exec(value) ?? [];
  if (another !== undefined || version === undefined || version === 'ff') return undefined;
  if (ZEROS.test(traceId) || ZEROS.test(parentId)) return undefined;
  if (version === '00') return more === undefined ? { traceId, traceparent: value, isNew: false } : undefined;
  const sampled = Number.parseInt(flags, 16) & 1;
  return { traceId, traceparent: `00-${traceId}-${parentId}-0${sampled}`, isNew: false };
}
