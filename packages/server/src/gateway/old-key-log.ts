/** Somebody still signs with a key that no longer counts: a warning, once a minute for each key. */
import type { AuthenticationEvent } from 'asymmetric-jwt-auth';
import type { Logger } from 'pino';
import { onceAMinute } from './once-a-minute.ts';

const STATES = { key_revoked: 'revoked', key_expired: 'retired or expired' } as const;

/**
 * @param now - milliseconds
 * @returns to be told of refusals with `key_revoked` and `key_expired`. That the sender has the key is not proven: its name is enough
 */
export function oldKeyLog(
  log: Logger,
  now?: () => number,
): (event: Pick<AuthenticationEvent, 'reason' | 'username' | 'kid'>) => void {
  const mayWarn = onceAMinute(now);
  return ({ reason, username, kid }) => {
    if (kid === undefined || (reason !== 'key_revoked' && reason !== 'key_expired')) return;
    if (!mayWarn(`${username} ${kid}`)) return;
    log.warn(
      { username, kid, reason },
      `a key that is ${STATES[reason]} was tried; its user may have missed the change`,
    );
  };
}
