/** Work that goes on while nobody asks for anything. */
import { wallClock } from '../../core/options.ts';

/**
 * Does work once a second, never twice at a time, until its database is destroyed; it keeps no process alive.
 *
 * @param work - is told the seconds since the epoch; its failures are its own
 */
export function everySecond(work: (now: number) => Promise<void>): void {
  const again = () => setTimeout(once, 1000).unref();
  const once = () => work(wallClock()).then(again, (error: unknown) => isDestroyed(error) || again());
  again();
}

/** What Kysely says of an instance after `destroy()`. */
function isDestroyed(error: unknown): boolean {
  return error instanceof Error && error.message.includes('destroyed');
}
