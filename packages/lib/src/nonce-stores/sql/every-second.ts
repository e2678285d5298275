/** Work that is done once a second, whether or not anyone makes a claim. */
import { wallClock } from '../../core/options.ts';

/**
 * Repeats work a second after it has ended, until the signal is aborted. It keeps no process alive.
 *
 * @param work - called with the seconds since the epoch; what it rejects with is ignored
 */
export function everySecond(work: (now: number) => Promise<void>, signal: AbortSignal): void {
  let timer: NodeJS.Timeout | undefined;
  const again = () => {
    if (!signal.aborted) timer = setTimeout(once, 1000).unref();
  };
  const once = () => work(wallClock()).then(again, again);
  signal.addEventListener('abort', () => clearTimeout(timer), { once: true });
  again();
}
