/** Does work once a second, even if nobody makes a claim. */
import { wallClock } from '../../core/options.ts';

/**
 * Does work, and repeats it one second after it has ended, until the signal is aborted. Its timer does not keep the process alive.
 *
 * @param work - called with seconds since the epoch; its errors are ignored
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
