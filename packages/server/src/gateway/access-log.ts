/** Logs requests. A few refusals a second are logged and the others counted, so that a flood cannot fill the disk. */
import type { AuthenticationEvent } from 'asymmetric-jwt-auth';
import type { Logger } from 'pino';
import type { LineWriter } from '../operations/line-writer.ts';
import type { AccessLogMode } from '../serve-options.ts';
import { accessLine } from './access-line.ts';
import type { Exchange } from './exchange.ts';
import { lineQuota } from './line-quota.ts';

/** Maximum lines a second about requests without a valid signature. */
const UNPROVEN = { each: 10 };
/** Maximum lines a second about failures of this server. Their quota is separate, so that a flood of garbage cannot hide them. */
const FAILURES = { each: 10 };
/** Maximum lines a second about one user and key, and about all users. Anyone who captures a token can flood with replays. */
const PROVEN = { each: 10, inAll: 100 };

/** Writes requests to the log. */
export interface AccessLog {
  /** Logs a finished exchange, if it has a decision and the mode and limits allow it. */
  write(exchange: Exchange): void;
  /** Changes which requests are logged. */
  use(mode: AccessLogMode): void;
  /** Writes what has not been written yet, and how many refusals were left out so far; called before the process ends. */
  flush(): void;
}

/** A user and the key that signed. */
interface Signer {
  readonly username: string | undefined;
  readonly kid: string | undefined;
}

const LEFT_OUT = 'more refusals were not logged';

/**
 * Makes the log.
 *
 * @param first - which requests are logged. A failure of this server (reason `unavailable`) always is
 * @param lines - where the lines are written
 * @param log - gets the numbers of refusals beyond the limits
 */
export function accessLog(first: AccessLogMode, lines: Pick<LineWriter, 'write'>, log: Logger): AccessLog {
  let mode = first;
  const unproven = lineQuota(UNPROVEN, (_, refusals) => log.warn({ refusals }, LEFT_OUT));
  const failures = lineQuota(FAILURES, (_, refusals) => log.warn({ reason: 'unavailable', refusals }, LEFT_OUT));
  const proven = lineQuota<Signer>(PROVEN, (signer, refusals) =>
    log.warn({ ...(signer ?? { verified: true }), refusals }, LEFT_OUT),
  );

  function isWanted({ reason, verified, username, kid }: AuthenticationEvent): boolean {
    // The nonce store limits the accepted requests of a user.
    if (reason === 'accepted') return mode === 'all';
    if (reason === 'unavailable') return failures.take('', undefined);
    if (mode === 'off') return false;
    if (!verified) return unproven.take('', undefined);
    // Neither can contain a line break, so the name is unambiguous.
    return proven.take(`${kid}\n${username}`, { username, kid });
  }

  let waiting: Exchange[] = [];

  function writeWaiting(): void {
    const exchanges = waiting;
    waiting = [];
    for (const exchange of exchanges) lines.write(accessLine(exchange));
  }

  return {
    write(exchange) {
      if (exchange.event === undefined || !isWanted(exchange.event)) return;
      // The lines of one turn of the event loop are made together, which is faster (turns.ts).
      if (waiting.length === 0) setImmediate(writeWaiting);
      waiting.push(exchange);
    },
    use(next) {
      mode = next;
    },
    flush() {
      writeWaiting();
      for (const quota of [unproven, failures, proven]) quota.flush();
    },
  };
}
