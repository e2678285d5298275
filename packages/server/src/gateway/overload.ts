/** Too many requests at a time: what their senders get, and what the log says about them. */
import { REASONS, type RefusedResult } from 'asymmetric-jwt-auth';
import type { Logger } from 'pino';
import { lineQuota } from './line-quota.ts';

const { status, error, retryAfter, message } = REASONS.unavailable;

/** The response to a request that is not looked at: its token is not spent. */
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

/** Which limit was reached: requests that are open on one connection, or undecided of one address, or undecided in all. */
type OverloadLimit = 'connection' | 'address' | 'all';

const EXPLANATIONS: Readonly<Record<OverloadLimit, string>> = {
  connection: 'closed a connection with more than 16 requests in flight; clients must wait for responses',
  address:
    'refused with 503: too many undecided requests from one address; if it is a proxy, add --trusted-proxy; otherwise raise --max-waiting-per-address',
  all: 'refused with 503: too many undecided requests; add --workers, or raise --max-waiting',
};

export interface OverloadLog {
  write(limit: OverloadLimit, address: string | undefined): void;
  /** Writes how many were left out so far, as the process is about to end. */
  flush(): void;
}

interface Overload {
  readonly limit: OverloadLimit;
  readonly address: string | undefined;
}

/** Makes a log with a line a second for each limit and address, ten in all, and the number of the others. */
export function overloadLog(log: Logger): OverloadLog {
  const quota = lineQuota<Overload>({ each: 1, inAll: 10 }, (overload, requests) =>
    log.warn({ ...overload, requests }, 'more requests were refused for this reason'),
  );
  return {
    write(limit, address) {
      const overload = { limit, address };
      if (quota.take(`${limit} ${address}`, overload)) log.warn(overload, EXPLANATIONS[limit]);
    },
    flush: quota.flush,
  };
}
