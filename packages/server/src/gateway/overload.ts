/** The response to requests beyond the limits, and the log lines about them. */
import { REASONS, type RefusedResult } from 'asymmetric-jwt-auth';
import type { Logger } from 'pino';
import { lineQuota } from './line-quota.ts';

const { status, error, retryAfter, message } = REASONS.unavailable;

/** The response to a request that was not checked: its token stays unused. */
export const OVERLOADED: RefusedResult = {
  ok: false,
  reason: 'unavailable',
  detail: undefined,
  status,
  headers: {
    'cache-control': 'no-store',
    'content-type': 'application/problem+json',
    'retry-after': String(retryAfter),
  },
  body: JSON.stringify({ type: 'about:blank', title: 'Service Unavailable', status, error, detail: message }),
};

/** The limit that was reached: for requests in flight on a connection, for undecided requests of an address, or for all of them. */
export type OverloadLimit = 'connection' | 'address' | 'all';

const EXPLANATIONS: Readonly<Record<OverloadLimit, string>> = {
  connection: 'closed a connection with more than 16 requests in flight; clients must wait for responses',
  address:
    'refused with 503: too many undecided requests from one address; if it is a proxy, add --trusted-proxy; otherwise raise --max-waiting-per-address',
  all: 'refused with 503: too many undecided requests; add --workers, or raise --max-waiting',
};

export interface OverloadLog {
  write(limit: OverloadLimit, address: string | undefined): void;
  /** Writes how many lines were left out so far; called before the process ends. */
  flush(): void;
}

interface Overload {
  readonly limit: OverloadLimit;
  readonly address: string | undefined;
}

/**
 * Makes a log with one line a second for each limit and address, ten lines in all, and a count of the others.
 *
 * @param count - called for each refused request
 */
export function overloadLog(log: Logger, count?: (limit: OverloadLimit) => void): OverloadLog {
  const quota = lineQuota<Overload>({ each: 1, inAll: 10 }, (overload, requests) =>
    log.warn({ ...overload, requests }, 'more requests were refused for this reason'),
  );
  return {
    write(limit, address) {
      count?.(limit);
      const overload = { limit, address };
      if (quota.take(`${limit} ${address}`, overload)) log.warn(overload, EXPLANATIONS[limit]);
    },
    flush: quota.flush,
  };
}
