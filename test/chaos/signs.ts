/** Responses that show the effect of a fault. */
import type { Entry } from './checker.ts';
import { TOLERANCE } from './times.ts';

export const SIGNS = {
  unavailable: ({ status }) => status === 503,
  cut: ({ status }) => status === 'cut',
  late: ({ sent, done }) => done - sent > 1,
  /** A token within its window is refused because of its time: the store has lost its data. */
  forgotten: ({ error, token, sent }) => error === 'stale_time' && Math.abs(token.time - sent) < TOLERANCE - 0.3,
  /** An honest token is refused because of its time: the server's clock is wrong. */
  refused: ({ error, token, sent }) => error === 'stale_time' && Math.abs(token.time - sent) < 1,
  /** A token is refused because of its time: the client's clock is far off. */
  farOff: ({ error, token, sent }) => error === 'stale_time' && Math.abs(token.time - sent) > 30,
} as const satisfies Readonly<Record<string, (entry: Entry) => boolean>>;
