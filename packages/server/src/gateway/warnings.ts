/** Warnings that repeat: each is written at most once a minute. */
import type { AuthenticationEvent } from 'asymmetric-jwt-auth';
import type { JwksError } from 'asymmetric-jwt-auth/jwks';
import type { Logger } from 'pino';
import type { Exchange } from './exchange.ts';

/** Milliseconds between two lines about the same subject. */
const INTERVAL = 60_000;
/** Maximum number of remembered subjects. */
const MAX_SUBJECTS = 1000;

/**
 * Limits lines to one a minute for each subject.
 *
 * @param now - returns milliseconds
 * @returns a function that returns whether a line about a subject may be written now: never for a new subject while 1000 others are
 *   remembered
 */
export function oncePerMinute(now: () => number = () => performance.now()): (subject: string) => boolean {
  const written = new Map<string, number>();
  return (subject) => {
    const at = now();
    for (const [oldest, last] of written) {
      if (at - last < INTERVAL) break;
      written.delete(oldest);
    }
    if (written.has(subject) || written.size >= MAX_SUBJECTS) return false;
    written.set(subject, at);
    return true;
  };
}

const STATES = {
  key_revoked: 'a revoked key',
  key_retired: 'a retired key',
  key_expired: 'an expired key',
} as const;

/** Returns whether a refusal names a key that the user once had. */
export function isOldKey(reason: AuthenticationEvent['reason']): reason is keyof typeof STATES {
  return Object.hasOwn(STATES, reason);
}

/**
 * Makes the warnings about keys that are still in use after they were revoked or retired, or have expired.
 *
 * @param now - returns milliseconds
 * @returns a function to call with each refusal. It warns even if a token only names the key, because its signature is not checked
 */
export function oldKeyWarnings(
  log: Logger,
  now?: () => number,
): (event: Pick<AuthenticationEvent, 'reason' | 'username' | 'kid'>) => void {
  const mayWarn = oncePerMinute(now);
  return ({ reason, username, kid }) => {
    if (kid === undefined || !isOldKey(reason)) return;
    if (!mayWarn(`${username} ${kid}`)) return;
    log.warn({ username, kid, reason }, `refused a token that names ${STATES[reason]}; its user may need a new key`);
  };
}

/**
 * Makes the warnings about accepted requests that `--require` would refuse if it named the same members as `--require-report`.
 *
 * @param now - returns milliseconds
 */
export function reportedRequests(log: Logger, now?: () => number): (exchange: Exchange) => void {
  const mayWarn = oncePerMinute(now);
  return ({ event, fingerprint: key, lacking }) => {
    if (lacking.length === 0 || event === undefined) return;
    const { username } = event;
    if (!mayWarn(`${username} ${key} ${lacking}`)) return;
    log.warn(
      { username, key, lacking: lacking.join(',') },
      `accepted, but --require ${lacking.join(',')} would refuse this user's tokens; let the client sign with bind`,
    );
  };
}

/** What to do about a problem with a JWK set, if `ajwtd` has an option for it. */
const ADVICE: Partial<Readonly<Record<JwksError['code'], string>>> = {
  forbidden_address: 'to allow it, use --jwks-allow-private HOST',
};

/**
 * Makes the warnings about JWK sets that cannot be fetched or used.
 *
 * @param now - returns milliseconds
 */
export function jwksWarnings(log: Logger, now?: () => number): (error: JwksError) => void {
  const mayWarn = oncePerMinute(now);
  return ({ code, message }) => {
    if (mayWarn(message)) log.warn({ code, advice: ADVICE[code] }, message);
  };
}

/** Makes the warnings about key usage that could not be recorded in the database. */
export function keyUsageWarnings(log: Logger): (error: unknown) => void {
  const mayWarn = oncePerMinute();
  return (error) => {
    const cause = (error as Error).message;
    if (mayWarn('')) log.warn({ cause }, 'cannot record key usage; retrying');
  };
}
