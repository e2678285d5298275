/** Refusals in the log: every one of a proven caller, and a few a second of what strangers send. */
import type { AuthenticationEvent } from 'asymmetric-jwt-auth';
import type { Logger } from 'pino';

/** Lines a second for whatever is not proven by a signature. */
const LINES = 10;

/**
 * Makes the function that writes decisions down.
 *
 * @param now - milliseconds
 */
export function decisionLog(log: Logger, now: () => number = Date.now): (event: AuthenticationEvent) => void {
  let second = Number.NaN;
  let lines = 0;
  let left = 0;

  /** @returns whether there is room for one more line in this second */
  function hasRoom(): boolean {
    const present = Math.floor(now() / 1000);
    if (present !== second) {
      if (left > 0) log.warn({ refusals: left }, 'more refusals were not logged');
      second = present;
      lines = 0;
      left = 0;
    }
    lines += 1;
    if (lines > LINES) left += 1;
    return lines <= LINES;
  }

  return ({ reason, verified, cause, sentence, detail, username, kid }) => {
    const who = { ...(username === undefined ? {} : { username }), ...(kid === undefined ? {} : { kid }) };
    if (reason === 'accepted') log.debug(who, 'accepted');
    else if (reason === 'unavailable') {
      if (hasRoom()) log.error({ reason, cause: cause instanceof Error ? cause.message : String(cause) }, sentence);
    } else if (verified || hasRoom()) {
      log.info({ reason, ...(detail === undefined ? {} : { detail }), ...who }, sentence);
    }
  };
}
