/** Logs decisions. A few refusals a second are logged and the others counted, so that a flood cannot fill the disk. */

import { printable } from 'ajwt-cli-kit';
import type { AuthenticationEvent, AuthenticationRequest } from 'asymmetric-jwt-auth';
import type { Logger } from 'pino';
import { lineQuota } from './line-quota.ts';

/** Maximum lines a second about requests without a valid signature. */
const UNPROVEN = { each: 10 };
/** Maximum lines a second about failures of this server. Their quota is separate, so that a flood of garbage cannot hide them. */
const FAILURES = { each: 10 };
/** Maximum lines a second about one user and key, and about all users. Anyone who captures a token can flood with replays. */
const PROVEN = { each: 10, inAll: 100 };

/** Writes decisions to the log. */
export interface DecisionLog {
  write(event: AuthenticationEvent, request: AuthenticationRequest): void;
  /** Writes how many refusals were left out so far; called before the process ends. */
  flush(): void;
}

/** A user and the key that signed. */
interface Signer {
  readonly username: string | undefined;
  readonly kid: string | undefined;
}

const LEFT_OUT = 'more refusals were not logged';

export function decisionLog(log: Logger): DecisionLog {
  const unproven = lineQuota(UNPROVEN, (_, refusals) => log.warn({ refusals }, LEFT_OUT));
  const failures = lineQuota(FAILURES, (_, refusals) => log.warn({ reason: 'unavailable', refusals }, LEFT_OUT));
  const proven = lineQuota<Signer>(PROVEN, (signer, refusals) =>
    log.warn({ ...(signer ?? { verified: true }), refusals }, LEFT_OUT),
  );

  function hasRoom({ reason, verified, username, kid }: AuthenticationEvent): boolean {
    if (reason === 'unavailable') return failures.take('', undefined);
    if (!verified) return unproven.take('', undefined);
    // Neither can contain a line break, so the name is unambiguous.
    return proven.take(`${kid}\n${username}`, { username, kid });
  }

  return {
    write(event, request) {
      const { reason, cause, message, detail, username, kid } = event;
      if (reason === 'accepted') {
        if (log.isLevelEnabled('debug')) log.debug({ username, kid, ...whatWasAsked(request) }, 'accepted');
      } else if (hasRoom(event)) {
        const decision = {
          reason,
          ...(detail === undefined ? {} : { detail }),
          ...(cause === undefined ? {} : { cause: told(cause) }),
        };
        const line = { ...decision, username, kid, ...whatWasAsked(request) };
        if (reason === 'unavailable') log.error(line, message);
        else log.info(line, message);
      }
    },
    flush() {
      for (const quota of [unproven, failures, proven]) quota.flush();
    },
  };
}

function told(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

/** Maximum length of a logged path, in characters. */
const MAX_PATH = 200;

/** Describes the request without its query, which may contain secrets. */
function whatWasAsked({ method, target, context }: AuthenticationRequest) {
  const path = target === undefined ? undefined : printable(target.replace(/[?#].*$/s, ''), MAX_PATH);
  return { method, path, peer: context as string | undefined };
}
