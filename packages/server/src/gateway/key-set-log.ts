/** Something is wrong with a key set: a warning, once a minute for each problem. */
import type { JwksError } from 'asymmetric-jwt-auth/jwks';
import type { Logger } from 'pino';
import { onceAMinute } from './once-a-minute.ts';

/** What to do here, where it is not what the library says. */
const ADVICE: Partial<Readonly<Record<JwksError['code'], string>>> = {
  forbidden_address: '--jwks-allow-private HOST allows it',
};

/** @param now - milliseconds */
export function keySetLog(log: Logger, now?: () => number): (problem: JwksError) => void {
  const mayWarn = onceAMinute(now);
  return ({ code, message }) => {
    if (mayWarn(message)) log.warn({ code, advice: ADVICE[code] }, message);
  };
}
