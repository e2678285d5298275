/** What shows in an answer that a fault struck. */
import type { Entry } from './checker.ts';
import { TOLERANCE } from './times.ts';

export const SIGNS = {
  unavailable: ({ status }) => status === 503,
  cut: ({ status }) => status === 'cut',
  late: ({ sent, done }) => done - sent > 1,
  /** Refused for its time although its window is open for a while yet: the store has forgotten its past. */
  forgotten: ({ error, token, sent }) => error === 'stale_time' && Math.abs(token.time - sent) < TOLERANCE - 0.3,
  /** Refused for its time although it is honest: the clock is off. */
  refused: ({ error, token, sent }) => error === 'stale_time' && Math.abs(token.time - sent) < 1,
  /** Refused for its time, which is by a clock that is far off. */
  farOff: ({ error, token, sent }) => error === 'stale_time' && Math.abs(token.time - sent) > 30,
} as const satisfies Readonly<Record<string, (entry: Entry) => boolean>>;
