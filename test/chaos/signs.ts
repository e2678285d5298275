/** Responses that show the effect of a fault. */
import type { Entry } from './checker.ts';
import { TOLERANCE } from './times.ts';

export const SIGNS = {
  unavailable: ({ status }) => status === 503,
  cut: ({ status }) => status === 'cut',
  late: ({ sent, done }) => done - sent > 1,
  /** Refused for its time although its window is still open: the store has lost its data. */
  forgotten: ({ error, token, sent }) => error === 'stale_time' && Math.abs(token.time - sent) < TOLERANCE - 0.3,
  /** An honest token refused for its time: the server's clock is wrong. */
  refused: ({ error, token, sent }) => error === 'stale_time' && Math.abs(token.time - sent) < 1,
  /** Refused for its time, because the client's clock is far off. */
  farOff: ({ error, token, sent }) => error === 'stale_time' && Math.abs(token.time - sent) > 30,
} as const satisfies Readonly<Record<string, (entry: Entry) => boolean>>;
