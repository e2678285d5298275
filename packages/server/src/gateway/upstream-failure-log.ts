/** Logs requests that the application does not respond to: a few a second, so that a broken application cannot fill the disk. */
import type { Logger } from 'pino';
import { lineQuota } from './line-quota.ts';

/** Maximum lines a second about one cause, and about all causes. */
const LIMITS = { each: 10, inAll: 20 };

/** A request that the application did not respond to. */
export interface UpstreamFailure {
  /** Origin of the application. */
  readonly upstream: string;
  /** Status that the caller gets instead. */
  readonly status: 502 | 504;
  readonly cause: string;
}

export interface UpstreamFailureLog {
  write(failure: UpstreamFailure): void;
  /** Writes how many failures were left out so far; called before the process ends. */
  flush(): void;
}

/** Makes the log. Failures beyond the limit are counted, and the count is written when the second is over. */
export function upstreamFailureLog(log: Logger): UpstreamFailureLog {
  const quota = lineQuota<UpstreamFailure>(LIMITS, (failure, failures) =>
    log.warn({ ...failure, failures }, 'more failed requests to the application were not logged'),
  );
  return {
    write(failure) {
      if (quota.take(`${failure.status} ${failure.cause}`, failure)) {
        log.warn(failure, 'no valid response from the application');
      }
    },
    flush: quota.flush,
  };
}
