/** Responses that show the effect of a fault. */
import type { Entry } from './checker.ts';
import { TOLERANCE } from './times.ts';

export const SIGNS = {
  unavailable: ({ status }) => status === 503,
  cut: ({ status }) => status === 'cut',
  late: ({ sent, done }) => done - sent > 1,
  /** A token is refused for its time within its window, because the store has lost its data. */
  forgotten: ({ error, token, sent }) => error === 'stale_time' && Math.abs(token.time - sent) < TOLERANCE - 0.3,
  /** An honest token is refused for its time, because the server's clock is wrong. */
  refused: ({ error, token, sent }) => error === 'stale_time' && Math.abs(token.time - sent) < 1,
  /** A token is refused for its time, because the client's clock is far off. */
  farOff: ({ error, token, sent }) => error === 'stale_time' && Math.abs(token.time - sent) > 30,
} as const satisfies Readonly<Record<string, (entry: Entry) => boolean>>;
