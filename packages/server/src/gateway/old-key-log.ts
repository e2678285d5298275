/** Somebody still signs with a key that no longer counts: a warning, once a minute for each key. */
import type { AuthenticationEvent } from 'asymmetric-jwt-auth';
import type { Logger } from 'pino';

/** Milliseconds between two warnings of one key, and keys that are remembered meanwhile. */
const AT_MOST_EVERY = 60_000;
const MOST_KEYS = 1000;

const STATES = { key_revoked: 'revoked', key_expired: 'retired or expired' } as const;

/**
 * @param now - milliseconds
 * @returns to be told of refusals with `key_revoked` and `key_expired`. That the sender has the key is not proven: its name is enough
 */
export function oldKeyLog(
  log: Logger,
  now: () => number = () => performance.now(),
): (event: Pick<AuthenticationEvent, 'reason' | 'username' | 'kid'>) => void {
  const warned = new Map<string, number>();
  return ({ reason, username, kid }) => {
    if (kid === undefined || (reason !== 'key_revoked' && reason !== 'key_expired')) return;
    const at = now();
    for (const [place, last] of warned) {
      if (at - last < AT_MOST_EVERY) break;
      warned.delete(place);
    }
    const place = `${username} ${kid}`;
    if (warned.has(place) || warned.size >= MOST_KEYS) return;
    warned.set(place, at);
    log.warn(
      { username, kid, reason },
      `a key that is ${STATES[reason]} was tried; its user may have missed the change`,
    );
  };
}
