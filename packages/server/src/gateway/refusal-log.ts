/** Refusals in the log: every one of a proven caller, and a few a second of what strangers send. */
import type { AuthenticationEvent, AuthenticationRequest } from 'asymmetric-jwt-auth';
import { printable } from 'asymmetric-jwt-auth/internal/command-line';
import type { Logger } from 'pino';

/** Lines a second for whatever is not proven by a signature. */
const LINES = 10;

/**
 * Makes the function that writes decisions down.
 *
 * @param now - milliseconds
 */
export function decisionLog(
  log: Logger,
  now: () => number = Date.now,
): (event: AuthenticationEvent, request: AuthenticationRequest) => void {
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

  return ({ reason, verified, cause, sentence, detail, username, kid }, request) => {
    if (reason === 'accepted') {
      if (log.isLevelEnabled('debug')) log.debug({ username, kid, ...whatWasAsked(request) }, 'accepted');
    } else if (verified || hasRoom()) {
      const why = {
        reason,
        ...(detail === undefined ? {} : { detail }),
        ...(cause === undefined ? {} : { cause: told(cause) }),
      };
      const line = { ...why, username, kid, ...whatWasAsked(request) };
      if (reason === 'unavailable') log.error(line, sentence);
      else log.info(line, sentence);
    }
  };
}

function told(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

/** Longest path that is written down, in characters. */
const MAX_PATH = 200;

/** The query is left out: there may be secrets in it. */
function whatWasAsked({ method, target, context }: AuthenticationRequest) {
  const path = target === undefined ? undefined : printable(target.replace(/[?#].*$/s, ''), MAX_PATH);
  return { method, path, peer: context as string | undefined };
}
